<?php
// Writes a line for each sign-in with a password, and the sessions of all users that are left.
add_action( 'wp_login', fn() => file_put_contents( getenv( 'HALLPASS_WP_DIR' ) . '/sign-ins.log', "in\n", FILE_APPEND ) );
add_action( 'wp_login_failed', function ( $name, $error ) {
	file_put_contents( getenv( 'HALLPASS_WP_DIR' ) . '/sign-ins.log', $error->get_error_code() . "\n", FILE_APPEND );
}, 10, 2 );
add_action( 'shutdown', function () {
	global $wpdb;
	$rows = $wpdb->get_col( "SELECT meta_value FROM {$wpdb->usermeta} WHERE meta_key = 'session_tokens' AND meta_value NOT IN ('', 'a:0:{}')" );
	file_put_contents( getenv( 'HALLPASS_WP_DIR' ) . '/sessions.json', wp_json_encode( $rows ) );
} );
