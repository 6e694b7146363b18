package nginx

// Mains are the patterns of the main files that nginx has on an OS (runtime.GOOS) as
// it is packaged, likeliest first: Linux distributions, a build of one's own,
// OpenResty, Homebrew on either processor, MacPorts, MAMP, Chocolatey, Laragon. A
// running nginx says itself which it was given: -c on its command line, nginx -V.
func Mains(goos string) []string {
	switch goos {
	case "windows":
		return []string{`C:\nginx\conf\nginx.conf`, `C:\nginx-*\conf\nginx.conf`, `C:\tools\nginx-*\conf\nginx.conf`,
			`C:\Program Files\nginx\conf\nginx.conf`, `C:\laragon\bin\nginx\nginx-*\conf\nginx.conf`}
	case "darwin":
		return []string{"/opt/homebrew/etc/nginx/nginx.conf", "/usr/local/etc/nginx/nginx.conf", "/opt/local/etc/nginx/nginx.conf",
			"/Applications/MAMP/conf/nginx/nginx.conf", "/usr/local/nginx/conf/nginx.conf"}
	}
	return []string{"/etc/nginx/nginx.conf", "/usr/local/nginx/conf/nginx.conf", "/usr/local/openresty/nginx/conf/nginx.conf",
		"/usr/local/etc/nginx/nginx.conf", "/opt/nginx/conf/nginx.conf"}
}
