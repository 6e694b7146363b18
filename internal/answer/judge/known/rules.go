package known

// What commands do to services of Windows.
const (
	StopService    Rule = "stop-service"
	StopHTTP       Rule = "stop-http"     // the kernel's HTTP listener
	StopWinNAT     Rule = "stop-winnat"   // address translation of containers and WSL
	StopHNS        Rule = "stop-hns"      // networks of containers
	StopIPHelper   Rule = "stop-iphelper" // portproxy lives there
	StartService   Rule = "start-service"
	RestartService Rule = "restart-service"
	StartType      Rule = "start-type"
	HTTPStartType  Rule = "http-start-type"
	DeleteService  Rule = "delete-service"
	ServiceRights  Rule = "service-rights"
	IISStop        Rule = "iis-stop"
	IISStart       Rule = "iis-start"
	SiteStop       Rule = "site-stop"
	SiteBinding    Rule = "site-binding"
)

// What commands and .reg files do to the registry.
const (
	RegistryListenList  Rule = "registry-listen-list"
	RegistryUrlAcl      Rule = "registry-urlacl"
	RegistryHTTPTuning  Rule = "registry-http-tuning" // DisableServerHeader and its like
	RegistryHTTPWipe    Rule = "registry-http-wipe"   // all parameters of HTTP.sys
	RegistryCertificate Rule = "registry-certificates"
	RegistryTCP         Rule = "registry-tcp"
	RegistryPortProxy   Rule = "registry-portproxy"
	RegistryRanges      Rule = "registry-excluded-ranges"
	RegistryOther       Rule = "registry-other"
	RegistryImport      Rule = "registry-import"
	RegistryChange      Rule = "registry-change" // by a command; which of the above depends on key and value
)

// What netsh and its forebear do.
const (
	ListenListAdd     Rule = "iplisten-add"
	ListenListDelete  Rule = "iplisten-delete"
	ReservationAdd    Rule = "urlacl-add"
	ReservationDelete Rule = "urlacl-delete"
	CertificateAdd    Rule = "sslcert-add"
	CertificateDelete Rule = "sslcert-delete"
	CacheDelete       Rule = "cache-delete"
	HTTPTuning        Rule = "http-tuning" // timeouts, cache sizes, log buffer
	HTTPCfg           Rule = "httpcfg"
	ExcludeAdd        Rule = "exclude-add"
	ExcludeDelete     Rule = "exclude-delete"
	DynamicPort       Rule = "dynamic-port"
	PortProxyAdd      Rule = "portproxy-add"
	PortProxyDelete   Rule = "portproxy-delete"
	PortProxyReset    Rule = "portproxy-reset"
	WinsockReset      Rule = "winsock-reset"
	IPReset           Rule = "ip-reset"
	FirewallOff       Rule = "firewall-off"
	FirewallRule      Rule = "firewall-rule"
	BranchCacheOff    Rule = "branchcache-off"
	FlushDNS          Rule = "flush-dns"
)

// What ends processes.
const (
	KillKernel  Rule = "kill-kernel" // PID 4 or 0
	KillInit    Rule = "kill-init"   // PID 1
	KillPID     Rule = "kill-pid"
	KillName    Rule = "kill-name"
	KillPattern Rule = "kill-pattern"
	KillPort    Rule = "kill-port" // whoever has something to do with the port
)

// What takes parts of a system away, or all of it down.
const (
	FeatureOff    Rule = "feature-off"
	FeatureOn     Rule = "feature-on"
	HypervisorOff Rule = "hypervisor-off"
	WSLShutdown   Rule = "wsl-shutdown"
	RebootNow     Rule = "reboot"
	Uninstall     Rule = "uninstall"
)

// What commands do to units of Linux and jobs of macOS.
const (
	UnitStop      Rule = "unit-stop"
	UnitDisable   Rule = "unit-disable"
	UnitMask      Rule = "unit-mask"
	UnitStart     Rule = "unit-start"
	UnitRestart   Rule = "unit-restart"
	UnitEnable    Rule = "unit-enable"
	StopResolved  Rule = "stop-resolved"
	StopRemote    Rule = "stop-remote-access" // sshd
	StopNetwork   Rule = "stop-network"
	RestartEngine Rule = "restart-engine"
	ResolvConf    Rule = "resolv-conf"
	ServerStop    Rule = "server-stop" // by the server's own command
	JobUnload     Rule = "job-unload"
	JobLoad       Rule = "job-load"
	BrewStop      Rule = "brew-stop"
	AppStop       Rule = "app-stop" // of pm2, supervisord
)

// What commands do to the rights and settings of Linux.
const (
	SetCap         Rule = "setcap"
	UnprivStart    Rule = "unprivileged-port-start"
	TWRecycle      Rule = "tw-recycle"
	TWReuse        Rule = "tw-reuse"
	FinTimeout     Rule = "fin-timeout"
	NonlocalBind   Rule = "nonlocal-bind"
	PortRange      Rule = "local-port-range"
	ReservedPorts  Rule = "local-reserved-ports"
	Sysctl         Rule = "sysctl"
	FilterFlush    Rule = "filter-flush"
	FilterRule     Rule = "filter-rule"
	FilterRedirect Rule = "filter-redirect"
	SELinuxOff     Rule = "selinux-off"
	PortTypeAdd    Rule = "port-type-add"
	PortTypeModify Rule = "port-type-modify"
	ModeWide       Rule = "mode-wide"
	OwnerChange    Rule = "owner-change"
	AuthBind       Rule = "authbind"
	RemovePIDFile  Rule = "remove-pid-file"
	RemoveTree     Rule = "remove-tree"
)

// What commands do to containers.
const (
	ContainerRemove Rule = "container-remove"
	ContainerStop   Rule = "container-stop"
	EnginePrune     Rule = "engine-prune"
	ComposeDown     Rule = "compose-down"
	VolumePrune     Rule = "volume-prune"
)

// LookOnly is every command that only shows something; NotJudged every one that is
// not in the table.
const (
	LookOnly  Rule = "look"
	NotJudged Rule = "not-judged"
)
