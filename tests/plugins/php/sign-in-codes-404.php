<?php
// The same refusal, with the status 404.
add_filter( 'rest_authentication_errors', function ( $result ) {
	if ( is_wp_error( $result ) ) {
		$result->add_data( array( 'status' => 404 ) );
	}
	return $result;
}, 300 );
