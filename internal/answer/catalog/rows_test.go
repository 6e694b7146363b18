package catalog_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/fact"
)

// Each holder that people meet on Windows and macOS and cannot explain, by what a
// machine shows of it, and the entry that must come first for it.
func TestEveryKnownHolderHasAnEntry(t *testing.T) {
	behind := func(port uint16, path string) catalog.Subject {
		return catalog.Subject{OS: "windows", Proto: fact.TCP, Port: port, Kernel: "http.sys", URLPath: path}
	}
	queue := func(name string) catalog.Subject {
		return catalog.Subject{OS: "windows", Proto: fact.TCP, Port: 80, Kernel: "http.sys", Queue: name, URLPath: "/"}
	}
	service := func(name string) catalog.Subject {
		return catalog.Subject{OS: "windows", Comm: "svchost.exe", Service: name}
	}
	hosted := func(proto fact.Proto, port uint16, name string) catalog.Subject {
		return catalog.Subject{OS: "windows", Proto: proto, Port: port, Comm: "svchost.exe", Service: name}
	}
	program := func(os string, port uint16, comm string) catalog.Subject {
		return catalog.Subject{OS: os, Proto: fact.TCP, Port: port, Comm: comm}
	}
	kernel := func(os string, port uint16, component string) catalog.Subject {
		return catalog.Subject{OS: os, Proto: fact.TCP, Port: port, Kernel: component}
	}
	system := func(port uint16, component string) catalog.Subject {
		return catalog.Subject{OS: "windows", Proto: fact.TCP, Port: port, Comm: "System", Kernel: component}
	}
	cut := program("darwin", 3000, "com.docke")
	cut.Cut = true
	colima := program("darwin", 8080, "ssh")
	colima.Args = []string{"ssh", "-F", "/Users/joe/.colima/_lima/colima/ssh.config", "lima-colima"}
	relay := program("windows", 3000, "wslrelay.exe")
	relay.Addr = netip.MustParseAddr("127.0.0.1")
	apache := program("darwin", 80, "httpd")
	apache.Exe = "/usr/sbin/httpd"
	xampp := program("windows", 80, "httpd.exe")
	xampp.Exe = `C:\xampp\apache\bin\httpd.exe`
	wamp := program("windows", 80, "httpd.exe")
	wamp.Exe = `C:\wamp64\bin\apache\apache2.4.54\bin\httpd.exe`
	udp53 := hosted(fact.UDP, 53, "SharedAccess")

	for _, c := range []struct {
		row  string
		s    catalog.Subject
		want string
	}{
		// PID 4 through HTTP.sys, by URL path.
		{"BranchCache retrieval", behind(80, "/116B50EB-ECE2-41AC-8429-9F9E963361B7/"), "branchcache"},
		{"BranchCache hosted cache", behind(80, "/0131501B-D67F-491B-9A40-C4BF27BCB4D4/"), "branchcache"},
		{"BranchCache hosted cache, TLS", behind(443, "/C574AC30-5794-4AEE-B1BB-6651C5315029/"), "branchcache"},
		{"WCF", behind(80, "/TEMPORARY_LISTEN_ADDRESSES/"), "wcf-callback"},
		{"WCF, design time", behind(8731, "/Design_Time_Addresses/"), "wcf-callback"},
		{"WCF, design time", behind(8732, "/Design_Time_Addresses/"), "wcf-callback"},
		{"SSRS", behind(80, "/REPORTSERVER/"), "ssrs"},
		{"SSRS, named instance", behind(80, "/ReportServer_SQLEXPRESS/"), "ssrs"},
		{"SSRS portal", behind(80, "/REPORTS/"), "ssrs"},
		{"Web Deployment Agent", behind(80, "/MSDEPLOYAGENTSERVICE/"), "web-deploy"},
		{"WinRM", behind(5985, "/WSMAN/"), "winrm"},
		{"WinRM, TLS", behind(5986, "/wsman/"), "winrm"},
		{"WinRM, compatible", behind(80, "/wsman/"), "winrm"},
		{"WinRM, local", behind(47001, "/WSMAN/"), "winrm"},
		{"WSD", behind(5357, "/4C2CDC17-BEFE-4441-899A-CC530F03F2DF/"), "wsd"},
		{"WSD, TLS", behind(5358, "/"), "wsd"},
		{"UPnP", behind(2869, "/"), "windows-upnp"},
		{"media sharing", behind(10243, "/WMPNSSV4/1/"), "media-sharing"},
		{"media sharing, TLS", behind(10245, "/WMPNSSv4/"), "media-sharing"},
		{"media delivery", behind(10246, "/MDESERVER/"), "media-delivery"},
		{"Store apps", behind(10247, "/apps/"), "media-delivery"},
		{"SSTP", behind(443, "/SRA_{BA195980-CD49-458B-9E23-C84EE0ADCD75}/"), "sstp"},
		{"Work Folders", behind(443, "/sync/1.0/"), "work-folders"},
		{"RD Gateway", behind(443, "/remoteDesktopGateway/"), "rd-gateway"},
		{"RDP over HTTP", behind(3387, "/rdp/"), "rdp-http"},
		{"RDP over HTTPS", behind(3392, "/RDP/"), "rdp-http"},
		{"AD FS", behind(443, "/adfs/ls/"), "adfs"},
		{"WSUS", behind(8530, "/"), "wsus"},
		{"WSUS, TLS", behind(8531, "/"), "wsus"},
		{"Web Management", behind(8172, "/"), "iis-remote-management"},
		{"SharePoint services", behind(32843, "/"), "sharepoint"},
		{"Web Deployment Agent, moved", behind(8172, "/MSDEPLOYAGENTSERVICE/"), "web-deploy"},
		{"a program of somebody's", behind(8080, "/api/"), "http-sys-program"},
		{"nobody says who", kernel("windows", 80, "http.sys"), "http-sys"},
		{"PID 4 and no more", system(80, ""), "http-sys"},
		{"PID 4 and no more", system(8080, "socket"), "http-sys"},
		// By queue.
		{"IIS", queue("DefaultAppPool"), "iis"},
		{"IIS", queue(".NET v4.5"), "iis"},
		{"SSRS", queue("ReportServerQueue"), "ssrs"},
		{"WSUS", queue("WsusPool"), "wsus"},
		{"Exchange", queue("MSExchangeOWAAppPool"), "exchange"},
		{"SharePoint", queue("SharePoint - 80"), "sharepoint"},
		// By service.
		{"IIS", service("W3SVC"), "iis"}, {"IIS", service("was"), "iis"}, {"BranchCache", service("PeerDistSvc"), "branchcache"},
		{"SSRS", service("ReportServer"), "ssrs"}, {"SSRS", service("ReportServer$SQL2019"), "ssrs"}, {"SSRS", service("SQLServerReportingServices"), "ssrs"},
		{"SSRS", service("PowerBIReportServer"), "ssrs"}, {"Web Deploy", service("MsDepSvc"), "web-deploy"}, {"WinRM", service("WinRM"), "winrm"},
		{"event collector", service("Wecsvc"), "winrm"}, {"WSD", service("fdPHost"), "wsd"}, {"WSD", service("FDResPub"), "wsd"}, {"SSDP", service("SSDPSRV"), "windows-upnp"},
		{"UPnP", service("upnphost"), "windows-upnp"}, {"media", service("WMPNetworkSvc"), "media-sharing"}, {"SSTP", service("SstpSvc"), "sstp"},
		{"RRAS", service("RemoteAccess"), "sstp"}, {"Work Folders", service("SyncShareSvc"), "work-folders"}, {"RD Gateway", service("TSGateway"), "rd-gateway"},
		{"AD FS", service("adfssrv"), "adfs"}, {"WSUS", service("WsusService"), "wsus"}, {"Web Management", service("WMSVC"), "iis-remote-management"},
		{"spooler's printers", catalog.Subject{OS: "windows", Port: 5357, Kernel: "http.sys", Service: "Spooler", URLPath: "/x/"}, "print-spooler"},
		{"IIS Express", program("windows", 8080, "iisexpress.exe"), "iis-express"},
		// Windows without HTTP.sys.
		{"SMB", system(445, "socket"), "windows-smb"}, {"SMB", system(445, ""), "windows-smb"}, {"SMB", service("LanmanServer"), "windows-smb"},
		{"NetBT", system(139, "socket"), "windows-netbt"}, {"another driver", system(1723, "socket"), "windows-kernel"},
		{"excluded, dynamic", kernel("windows", 50051, "winnat"), "winnat"}, {"excluded, administered", kernel("windows", 50005, "administered"), "excluded-administered"},
		{"dynamic range too low", kernel("windows", 5001, "dynamic-range"), "dynamic-range-low"},
		{"port proxy", hosted(fact.TCP, 3306, "iphlpsvc"), "windows-portproxy"}, {"ICS", udp53, "windows-ics-dns"},
		{"Delivery Optimization", hosted(fact.TCP, 7680, "DoSvc"), "windows-delivery-optimization"}, {"CDPSvc", hosted(fact.TCP, 5040, "CDPSvc"), "windows-cdpsvc"},
		{"Hyper-V", program("windows", 2179, "vmms.exe"), "hyper-v-vmms"}, {"RPC", program("windows", 49664, "lsass.exe"), "windows-rpc"},
		{"RPC", program("windows", 49665, "wininit.exe"), "windows-rpc"}, {"RPC", program("windows", 49668, "spoolsv.exe"), "windows-rpc"},
		{"old Skype", program("windows", 443, "Skype.exe"), "skype-old"}, {"VMware", program("windows", 443, "vmware-hostd.exe"), "vmware-hostd"},
		{"VMware", service("VMwareHostd"), "vmware-hostd"}, {"XAMPP", xampp, "xampp-apache"}, {"WAMP", wamp, "xampp-apache"},
		{"Apache left over", hosted(fact.TCP, 80, "Apache2.4"), "apache-windows-service"}, {"nginx left over", program("windows", 80, "nginx.exe"), "nginx-windows"},
		{"TeamViewer", program("windows", 80, "TeamViewer_Service.exe"), "teamviewer"}, {"Docker Desktop", program("windows", 3306, "com.docker.backend.exe"), "docker-desktop"},
		{"vpnkit", program("windows", 3306, "vpnkit.exe"), "vm-forwarder"}, {"WSL relay", relay, "wsl-relay"}, {"WSL relay", program("windows", 3000, "wslhost.exe"), "wsl-relay"},
		{"RDP", hosted(fact.TCP, 3389, "TermService"), "windows-rdp"}, {"DNS Server's pool", hosted(fact.UDP, 4500, "DNS"), "windows-dns-server"},
		{"SQL Server", program("windows", 1433, "sqlservr.exe"), "mssql"}, {"HomeGroup", program("windows", 3587, "svchost.exe"), "homegroup"},
		{"dead PID", kernel("windows", 5665, "gone"), "dead-pid"},
		// The blamed.
		{"BITS", service("bits"), "bits"}, {"Windows Update", service("wuauserv"), "windows-update"}, {"WebClient", service("WebClient"), "webclient"},
		{"IIS Admin", service("IISADMIN"), "iis-admin"}, {"HTTP SSL", service("HTTPFilter"), "http-ssl-2003"}, {"Defender", service("WinDefend"), "windows-defender"},
		{"W3SVC where it is not", service("World Wide Web Publishing Service"), "w3svc-missing"}, {"Skype today", catalog.Subject{OS: "windows", Comm: "Skype.exe"}, "skype-today"},
		// macOS.
		{"AirPlay", program("darwin", 5000, "ControlCenter"), "macos-airplay"}, {"AirPlay", program("darwin", 7000, "ControlCenter"), "macos-airplay"},
		{"a launchd job", program("darwin", 80, "launchd"), "macos-launchd"}, {"a launchd job", program("darwin", 9999, "launchd"), "macos-launchd"},
		{"system Apache", apache, "apache-macos"}, {"system Apache", catalog.Subject{OS: "darwin", Service: "org.apache.httpd"}, "apache-macos"},
		{"mDNSResponder", program("darwin", 5353, "mDNSResponder"), "mdnsresponder"}, {"mDNSResponder", program("darwin", 53, "mDNSResponder"), "mdnsresponder"},
		{"dnsmasq", program("darwin", 53, "dnsmasq"), "dnsmasq-macos"}, {"PlexConnect", program("darwin", 53, "Python"), "plexconnect-dns"},
		{"Docker Desktop", cut, "docker-desktop"}, {"OrbStack", program("darwin", 3000, "OrbStack Helper"), "vm-forwarder"}, {"Lima", program("darwin", 3000, "limactl"), "vm-forwarder"},
		{"Colima", colima, "vm-forwarder"}, {"rapportd", program("darwin", 49170, "rapportd"), "macos-continuity"}, {"sharingd", program("darwin", 8770, "sharingd"), "macos-continuity"},
		{"kdc", program("darwin", 88, "kdc"), "macos-kdc"}, {"screen sharing", program("darwin", 5900, "launchd"), "macos-screensharing"},
		{"McAfee", program("darwin", 8081, "macmnsvc"), "mcafee-agent"}, {"AnyConnect", program("darwin", 5001, "acwebsecagent"), "anyconnect"},
		{"Pow's rule", kernel("darwin", 80, "pf"), "pow-leftover"}, {"puma-dev", program("darwin", 443, "puma-dev"), "dev-proxy"},
		{"dead PID", kernel("darwin", 5644, "gone"), "dead-pid"},
	} {
		found := catalog.Match(c.s)
		if len(found) == 0 || found[0].ID != c.want {
			t.Errorf("%s: %v, want %s first", c.row, ids(found), c.want)
		}
	}
}

func TestWhatIsOftenTakenForAnother(t *testing.T) {
	for name, c := range map[string]struct {
		s   catalog.Subject
		not string
	}{
		"BITS on a port": {catalog.Subject{OS: "windows", Proto: fact.TCP, Port: 80, Comm: "svchost.exe", Service: "BITS"}, "bits"},
		"SMB":            {catalog.Subject{OS: "windows", Proto: fact.TCP, Port: 445, Comm: "System", Kernel: "socket"}, "http-sys"},
		"SSRS's queue":   {catalog.Subject{OS: "windows", Proto: fact.TCP, Port: 80, Kernel: "http.sys", Queue: "ReportServerQueue"}, "iis"},
		"a reservation":  {catalog.Subject{OS: "windows", Proto: fact.TCP, Port: 8080, URLPath: "/api/"}, "http-sys-program"},
		"a site on 81":   {catalog.Subject{OS: "windows", Proto: fact.TCP, Port: 81, Kernel: "http.sys", Queue: "DefaultAppPool", URLPath: "/"}, "exchange"},
		"AirPlay's port": {catalog.Subject{OS: "darwin", Proto: fact.TCP, Port: 5000, Comm: "Python"}, "macos-airplay"},
	} {
		if slices.Contains(ids(catalog.Match(c.s)), c.not) {
			t.Errorf("%s: fits %s", name, c.not)
		}
	}
}

// What needs an administrator says so, with the words of that system.
func TestPrivilegesAreNamed(t *testing.T) {
	for e := range catalog.All() {
		for _, r := range e.Remedies {
			text := r.Text
			for _, command := range []string{"sc stop ", "sc config ", "net stop ", "netsh http add", "netsh int ipv4 set", "netsh int ipv4 add", "netsh interface portproxy delete", "dism /online", "HKLM\\"} {
				if strings.Contains(text, command) && !strings.Contains(text, "dministrator") {
					t.Errorf("%s, %s: %q does not say who may run it", e.ID, r.ID, text)
				}
			}
			if strings.Contains(text, "launchctl bootout system/") && !strings.Contains(text, "sudo") {
				t.Errorf("%s, %s: %q does not say who may run it", e.ID, r.ID, text)
			}
		}
	}
}

// A remedy that stops something says what stops.
func TestStoppingHasAnEffect(t *testing.T) {
	for e := range catalog.All() {
		for _, r := range e.Remedies {
			if (r.Kind() == catalog.Stop || r.Kind() == catalog.Startup || r.Kind() == catalog.Kernel) && r.Effect == "" && e.ID != "http-sys" {
				t.Errorf("%s, %s: no effect", e.ID, r.ID)
			}
		}
	}
}
