package fact

// DocRoot is a document root of a web server, and the WordPress in it. It is no
// table of a set: it is read when a server is to be moved.
type DocRoot struct {
	Path string `json:"path"`
	// Config is the wp-config.php that counts for it; "" = no WordPress.
	Config string `json:"config,omitempty"`
	// Defines are the constants that Config sets to a literal: by name, as text
	// ("true", "example.org"). A line that is commented out sets none.
	Defines map[string]string `json:"defines,omitempty"`
	// Err is why Config could not be read, or what stopped reading it.
	Err string `json:"err,omitempty"`
}
