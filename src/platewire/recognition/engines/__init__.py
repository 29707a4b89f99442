"""The engines that come with platewire."""
