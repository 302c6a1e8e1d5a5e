<?php
// Router of php -S: static files, directory indexes, pretty permalinks, an
// optional sub-directory, and the faults that some hosts have, as switches.
// WordPress runs in this very scope, so that every name here carries a prefix.
$hallpass_root = $_SERVER['DOCUMENT_ROOT'];
$hallpass_uri  = rawurldecode( parse_url( $_SERVER['REQUEST_URI'], PHP_URL_PATH ) ?? '/' );
$hallpass_base = rtrim( parse_url( getenv( 'HALLPASS_WP_URL' ) ?: '', PHP_URL_PATH ) ?: '', '/' );
if ( getenv( 'HALLPASS_WP_STRIP_AUTH' ) ) {       // What Apache with CGI or FastCGI does without a rewrite rule.
	unset( $_SERVER['PHP_AUTH_USER'], $_SERVER['PHP_AUTH_PW'], $_SERVER['HTTP_AUTHORIZATION'], $_SERVER['PHP_AUTH_DIGEST'], $_SERVER['AUTH_TYPE'] );
}
if ( $hallpass_base !== '' ) {
	if ( ! str_starts_with( $hallpass_uri, $hallpass_base . '/' ) && $hallpass_uri !== $hallpass_base ) { http_response_code( 404 ); echo 'outside the site'; return true; }
	$hallpass_uri = substr( $hallpass_uri, strlen( $hallpass_base ) ) ?: '/';
}
if ( getenv( 'HALLPASS_WP_MULTISITE' ) && preg_match( '#^/[_0-9a-zA-Z-]+(/(?:wp-(?:admin|includes|content|login|json).*|[^/]*\.php.*))$#', $hallpass_uri, $hallpass_m ) && ! file_exists( $hallpass_root . $hallpass_uri ) && file_exists( $hallpass_root . preg_replace( '#\?.*#', '', $hallpass_m[1] ) ) ) {
	$hallpass_uri = $hallpass_m[1];                            // Sub-directory network: /site2/wp-admin/… is served from /wp-admin/…
}
if ( preg_match( '#/\.|\.sqlite#', $hallpass_uri ) ) { http_response_code( 403 ); return true; }
$hallpass_file = ( str_starts_with( $hallpass_uri, '/wp-content/' ) ? getenv( 'HALLPASS_WP_DIR' ) : $hallpass_root ) . $hallpass_uri;
if ( is_dir( $hallpass_file ) ) {
	if ( ! str_ends_with( $hallpass_uri, '/' ) ) { header( 'Location: ' . $hallpass_base . $hallpass_uri . '/', true, 301 ); return true; }
	$hallpass_file .= 'index.php';
	$hallpass_uri  .= 'index.php';
}
if ( is_file( $hallpass_file ) && str_ends_with( $hallpass_file, '.php' ) ) {
	$_SERVER['SCRIPT_FILENAME'] = $hallpass_file;
	$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = $hallpass_base . $hallpass_uri;
	chdir( dirname( $hallpass_file ) );
	require $hallpass_file;
	return true;
}
if ( is_file( $hallpass_file ) ) {
	static $hallpass_types = array( 'css' => 'text/css', 'js' => 'application/javascript', 'svg' => 'image/svg+xml', 'png' => 'image/png', 'gif' => 'image/gif', 'jpg' => 'image/jpeg', 'woff2' => 'font/woff2' );
	header( 'Content-Type: ' . ( $hallpass_types[ pathinfo( $hallpass_file, PATHINFO_EXTENSION ) ] ?? 'application/octet-stream' ) );
	readfile( $hallpass_file );
	return true;
}
if ( getenv( 'HALLPASS_WP_NO_REWRITE' ) && $hallpass_uri !== '/' ) {  // A server without rewrites.
	http_response_code( 404 );
	header( 'Content-Type: text/html' );
	echo '<h1>Not Found</h1>';
	return true;
}
$_SERVER['SCRIPT_FILENAME'] = $hallpass_root . '/index.php';
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = $hallpass_base . '/index.php';
chdir( $hallpass_root );
require $hallpass_root . '/index.php';
