package fact

// Queue is an HTTP.sys request queue: the line of requests that wait for one application.
type Queue struct {
	ID         ID     `json:"id"`
	Name       string `json:"name,omitempty"`       // "" = unnamed
	Version    string `json:"version,omitempty"`    // of the API that made it: "1.0", "2.0"
	Controller int    `json:"controller,omitempty"` // PID of the controlling process (IIS: WAS), where there is one
	PIDs       []int  `json:"pids,omitempty"`       // attached processes
	// Services are names the listing itself gives beside a PID, by PID as decimal text.
	Services map[string][]string `json:"services,omitempty"`
	Images   map[string]string   `json:"images,omitempty"` // image path by PID, where the listing may tell
	Evidence string              `json:"evidence"`
}

func (q Queue) rowID() ID { return q.ID }

// Registration is one URL prefix that somebody listens on right now.
type Registration struct {
	ID       ID     `json:"id"`
	URL      string `json:"url"` // as the system prints it
	Port     uint16 `json:"port,omitempty"`
	Evidence string `json:"evidence"`
}

func (r Registration) rowID() ID { return r.ID }

// Reservation is one URL prefix that somebody may listen on (HTTP.sys: urlacl).
// It binds nothing by itself.
type Reservation struct {
	ID       ID     `json:"id"`
	URL      string `json:"url"`
	Port     uint16 `json:"port,omitempty"`
	SDDL     string `json:"sddl,omitempty"`
	Evidence string `json:"evidence"`
}

func (r Reservation) rowID() ID { return r.ID }
