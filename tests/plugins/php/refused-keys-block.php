<?php
// Brute-force guards: after eight refused application passwords in an hour, our address gets a 503 page.
const OFFENCES_ALLOWED = 8;
$is_hallpass = str_starts_with( $_SERVER['HTTP_USER_AGENT'] ?? '', 'Hallpass' );
add_action( 'application_password_failed_authentication', function () use ( $is_hallpass ) {
	if ( $is_hallpass ) {
		set_transient( 'offences', (int) get_transient( 'offences' ) + 1, HOUR_IN_SECONDS );
	}
} );
add_action( 'plugins_loaded', function () use ( $is_hallpass ) {
	if ( $is_hallpass && (int) get_transient( 'offences' ) >= OFFENCES_ALLOWED ) {
		status_header( 503 );
		header( 'Content-Type: text/html' );
		exit( '<!doctype html><title>Blocked</title><p>Your address is blocked.' );
	}
}, 0 );
