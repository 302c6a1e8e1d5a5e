<?php
// A plugin of tokens answers REST by itself, in JSON: the index 403 without a code, the rest 401
// with the number of the status for a code.
add_action( 'parse_request', function () {
	$uri = $_SERVER['REQUEST_URI'] ?? '';
	if ( isset( $_GET['rest_route'] ) || str_contains( $uri, 'wp-json' ) ) {
		$is_index = ! str_contains( $uri, 'wp/v2' );
		status_header( $is_index ? 403 : 401 );
		header( 'Content-Type: application/json' );
		exit( $is_index ? '{"status":"error","error":"Restricted"}' : '{"status":"error","error":"MISSING_AUTHORIZATION_HEADER","code":"401"}' );
	}
}, 0 );
