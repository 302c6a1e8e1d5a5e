<?php
// REST ends before any key is read, in WordPress' own error with its own status, 500.
add_action( 'init', function () {
	if ( str_contains( $_SERVER['REQUEST_URI'] ?? '', 'wp-json' ) || isset( $_GET['rest_route'] ) ) {
		wp_die( 'You are not authorized to perform this action.' );
	}
}, 0 );
