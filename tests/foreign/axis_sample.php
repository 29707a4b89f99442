<?php
// As the PHP samples for such pushes do: both files are kept under the names that the sender gives.
$folder = getenv('KEPT') . '/';
foreach (['event', 'image'] as $field) {
    if (!isset($_FILES[$field])) {
        http_response_code(400);
        exit("no file $field");
    }
    $kept = $folder . basename($_FILES[$field]['name']);
    if (file_exists($kept) || !move_uploaded_file($_FILES[$field]['tmp_name'], $kept)) {
        http_response_code(500);
        exit("cannot keep $kept");
    }
}
