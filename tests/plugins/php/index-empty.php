<?php
// The index names nothing: no namespaces, no way to sign in; the routes work with a key.
add_filter( 'rest_index', function ( $response ) {
	$response->set_data( array( 'name' => 'Blog', 'namespaces' => array(), 'routes' => array() ) );
	return $response;
}, 99 );
