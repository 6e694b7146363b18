package fact

import "strings"

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

// QueueID names a request queue: by its name, or, where it has none, by text
// that tells it from other unnamed ones ("2668": the process attached to it).
func QueueID(name, unnamed string) ID {
	if name == "" {
		return ID("queue:#" + unnamed)
	}
	return ID("queue:" + name)
}

// Registration is one URL prefix that somebody listens on right now.
type Registration struct {
	ID       ID     `json:"id"`
	URL      string `json:"url"` // as the system prints it
	Port     uint16 `json:"port,omitempty"`
	Evidence string `json:"evidence"`
}

func (r Registration) rowID() ID { return r.ID }

// RegistrationID names the registration of a URL; URLs compare without case.
func RegistrationID(url string) ID { return ID("url:" + strings.ToLower(url)) }

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

// ReservationID names the reservation of a URL; URLs compare without case.
func ReservationID(url string) ID { return ID("urlacl:" + strings.ToLower(url)) }
