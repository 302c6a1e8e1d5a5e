<?php
// REST ends in WordPress' own error page for strangers; keys work.
add_filter( 'rest_pre_dispatch', function ( $result ) {
	if ( ! is_user_logged_in() ) {
		wp_die( 'The API is closed.', 'Closed', array( 'response' => 403 ) );
	}
	return $result;
}, 0 );
