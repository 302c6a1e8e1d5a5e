<?php
// Writes a line for each request, and for each refused application password, that tests count.
file_put_contents( getenv( 'HALLPASS_WP_DIR' ) . '/requests.log', "{$_SERVER['REQUEST_METHOD']} {$_SERVER['REQUEST_URI']}\n", FILE_APPEND );
add_action( 'application_password_failed_authentication', function ( $error ) {
	file_put_contents( getenv( 'HALLPASS_WP_DIR' ) . '/refused.log', $error->get_error_code() . "\n", FILE_APPEND );
} );
