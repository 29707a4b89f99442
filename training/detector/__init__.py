"""How the plate detector is made: photos with boxes and rendered plates in, one ONNX file out."""
