package apache

// Mains are the patterns of the main files that httpd has on an OS (runtime.GOOS) as
// it is packaged, likeliest first: Debian, RHEL, SUSE, Alpine and Arch, a build of
// one's own, XAMPP, Bitnami; macOS' own, Homebrew on either processor, MAMP; on
// Windows XAMPP, WAMP, Laragon, Apache Lounge. A running httpd says itself which it
// was given: -f on its command line, httpd -V.
func Mains(goos string) []string {
	switch goos {
	case "windows":
		return []string{`C:\xampp\apache\conf\httpd.conf`, `C:\wamp64\bin\apache\apache*\conf\httpd.conf`, `C:\wamp\bin\apache\apache*\conf\httpd.conf`,
			`C:\laragon\bin\apache\httpd-*\conf\httpd.conf`, `C:\Apache24\conf\httpd.conf`, `C:\Program Files\Apache*\Apache2*\conf\httpd.conf`,
			`C:\Program Files (x86)\Apache*\Apache2*\conf\httpd.conf`}
	case "darwin":
		return []string{"/etc/apache2/httpd.conf", "/opt/homebrew/etc/httpd/httpd.conf", "/usr/local/etc/httpd/httpd.conf",
			"/Applications/XAMPP/xamppfiles/etc/httpd.conf", "/Applications/MAMP/conf/apache/httpd.conf", "/opt/local/etc/apache2/httpd.conf"}
	}
	return []string{"/etc/apache2/apache2.conf", "/etc/httpd/conf/httpd.conf", "/etc/apache2/httpd.conf", "/usr/local/apache2/conf/httpd.conf",
		"/opt/lampp/etc/httpd.conf", "/opt/bitnami/apache/conf/httpd.conf", "/opt/bitnami/apache2/conf/httpd.conf", "/usr/local/etc/apache24/httpd.conf"}
}
