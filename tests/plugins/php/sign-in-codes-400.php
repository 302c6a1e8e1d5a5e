<?php
// The same refusal, with the status 400.
add_filter( 'rest_authentication_errors', function ( $result ) {
	if ( is_wp_error( $result ) ) {
		$result->add_data( array( 'status' => 400 ) );
	}
	return $result;
}, 300 );
