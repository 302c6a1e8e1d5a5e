<?php
// php install.php, with the environment of the site: installs WordPress and
// prints {"version","user","password","app_password","uuid"}.
$hallpass_url = parse_url( getenv( 'HALLPASS_WP_URL' ) );
$_SERVER['HTTP_HOST'] = $hallpass_url['host'] . ( isset( $hallpass_url['port'] ) ? ':' . $hallpass_url['port'] : '' );
$_SERVER['REQUEST_URI'] = ( $hallpass_url['path'] ?? '' ) . '/';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
$_SERVER['REQUEST_METHOD'] = 'GET';
if ( 'https' === $hallpass_url['scheme'] ) { $_SERVER['HTTPS'] = 'on'; }
$hallpass_network = (bool) getenv( 'HALLPASS_WP_MULTISITE' );
define( 'WP_INSTALLING', true );
if ( $hallpass_network ) { define( 'HALLPASS_INSTALLING_NETWORK', true ); }
require getenv( 'HALLPASS_WP_CORE' ) . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
$hallpass_password = getenv( 'HALLPASS_WP_PASSWORD' );
wp_install( getenv( 'HALLPASS_WP_TITLE' ), 'admin', 'owner@example.test', true, '', $hallpass_password );
if ( ! getenv( 'HALLPASS_WP_PLAIN' ) ) {
	global $wp_rewrite;
	$wp_rewrite->set_permalink_structure( '/%year%/%monthnum%/%postname%/' );   // In the database only; the router stands in for .htaccess.
	$wp_rewrite->flush_rules( false );
} else {
	update_option( 'permalink_structure', '' );
	update_option( 'rewrite_rules', '' );
}
if ( $hallpass_network ) {
	foreach ( $wpdb->tables( 'ms_global' ) as $hallpass_table => $hallpass_prefixed ) { $wpdb->$hallpass_table = $hallpass_prefixed; }
	require_once ABSPATH . 'wp-admin/includes/network.php';
	install_network();
	$hallpass_result = populate_network( 1, $_SERVER['HTTP_HOST'], 'owner@example.test', 'Example network', ( $hallpass_url['path'] ?? '' ) . '/', false );
	if ( is_wp_error( $hallpass_result ) && 'no_wildcard_dns' !== $hallpass_result->get_error_code() ) { fwrite( STDERR, $hallpass_result->get_error_message() . "\n" ); exit( 1 ); }
	$wpdb->update( $wpdb->site ?? 'wp_site', array( 'domain' => $_SERVER['HTTP_HOST'] ), array( 'id' => 1 ) );
}
// The driver would activate itself at the first visit to wp-admin, and look like a change that support made.
update_option( 'active_plugins', array( 'sqlite-database-integration/load.php' ) );
list( $hallpass_key, $hallpass_item ) = WP_Application_Passwords::create_new_application_password( 1, array( 'name' => 'Local run' ) );
if ( $hallpass_network ) {
	// The flag was just set as the option of a single site; a network reads it from sitemeta.
	$wpdb->insert( $wpdb->base_prefix . 'sitemeta', array( 'site_id' => 1, 'meta_key' => 'using_application_passwords', 'meta_value' => 1 ) );
}
echo json_encode( array(
	'version'      => $GLOBALS['wp_version'],
	'user'         => 'admin',
	'password'     => $hallpass_password,
	'app_password' => WP_Application_Passwords::chunk_password( $hallpass_key ),
	'uuid'         => $hallpass_item['uuid'],
) ), "\n";
