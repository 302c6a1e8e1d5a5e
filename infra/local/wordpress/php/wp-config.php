<?php
// One WordPress tree serves many sites at once: everything that differs between
// them comes from the environment, which php -S passes on to its workers.
$hallpass_dir = getenv( 'HALLPASS_WP_DIR' );
$hallpass_url = rtrim( getenv( 'HALLPASS_WP_URL' ), '/' );
$table_prefix = 'wp_';
define( 'DB_ENGINE', 'sqlite' );
define( 'DB_DIR', $hallpass_dir . '/db/' );
define( 'DB_FILE', '.ht.sqlite' );
define( 'DB_NAME', 'wordpress' );
define( 'DB_USER', 'wordpress' );
define( 'DB_PASSWORD', '' );
define( 'DB_HOST', 'localhost' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
foreach ( array( 'AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT' ) as $hallpass_name ) {
	define( $hallpass_name, hash( 'sha256', $hallpass_name . getenv( 'HALLPASS_WP_SALT' ) ) );
}
define( 'WP_HOME', $hallpass_url );
define( 'WP_SITEURL', $hallpass_url );
define( 'WP_CONTENT_DIR', $hallpass_dir . '/wp-content' );   // Its own plugins, themes and uploads; the core is shared.
define( 'WP_ENVIRONMENT_TYPE', getenv( 'HALLPASS_WP_ENV' ) ?: 'local' );
define( 'WP_DEBUG', false );
define( 'WP_DEBUG_DISPLAY', false );
define( 'WP_HTTP_BLOCK_EXTERNAL', true );      // No outgoing calls: no update checks, no Gravatar.
define( 'WP_AUTO_UPDATE_CORE', false );
define( 'AUTOMATIC_UPDATER_DISABLED', true );
define( 'DISABLE_WP_CRON', true );
if ( getenv( 'HALLPASS_WP_MULTISITE' ) && ! defined( 'HALLPASS_INSTALLING_NETWORK' ) ) {
	define( 'WP_ALLOW_MULTISITE', true );
	define( 'MULTISITE', true );
	define( 'SUBDOMAIN_INSTALL', false );
	define( 'DOMAIN_CURRENT_SITE', preg_replace( '#^https?://#', '', explode( '/', $hallpass_url )[2] ) );
	define( 'PATH_CURRENT_SITE', ( parse_url( $hallpass_url, PHP_URL_PATH ) ?: '' ) . '/' );
	define( 'SITE_ID_CURRENT_SITE', 1 );
	define( 'BLOG_ID_CURRENT_SITE', 1 );
}
if ( ( $_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '' ) === 'https' ) {
	$_SERVER['HTTPS'] = 'on';
}
require_once ABSPATH . 'wp-settings.php';
