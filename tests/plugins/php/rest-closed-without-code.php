<?php
// A plugin answers REST by itself: 403, JSON, no code.
add_action( 'parse_request', function () {
	if ( isset( $_GET['rest_route'] ) || str_contains( $_SERVER['REQUEST_URI'] ?? '', 'wp-json' ) ) {
		status_header( 403 );
		header( 'Content-Type: application/json' );
		exit( '{"status":"error","error":"FORBIDDEN"}' );
	}
}, 0 );
