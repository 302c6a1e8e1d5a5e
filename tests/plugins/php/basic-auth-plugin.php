<?php
// An old plugin takes Basic credentials for the account's password, and refuses application passwords.
add_filter( 'determine_current_user', function ( $user ) {
	if ( $user || empty( $_SERVER['PHP_AUTH_USER'] ) ) {
		return $user;
	}
	$GLOBALS['basic_auth_error'] = new WP_Error( 'incorrect_password', 'The password is incorrect.' );
	return false;
}, 30 );
add_filter( 'rest_authentication_errors', fn ( $result ) => $result ?: ( $GLOBALS['basic_auth_error'] ?? null ), 200 );
