package known

// Where the tables were read.
const (
	srcListenList   = "https://learn.microsoft.com/en-us/windows/win32/http/ip-listen-list"
	srcNetshHTTP    = "https://learn.microsoft.com/en-us/windows-server/networking/technologies/netsh/netsh-http"
	srcReservations = "https://learn.microsoft.com/en-us/windows/win32/http/routing-incoming-requests"
	srcRegistry     = "https://support.microsoft.com/kb/820129"
	srcSSRS         = "https://learn.microsoft.com/en-us/sql/reporting-services/install-windows/about-url-reservations-and-registration-ssrs-configuration-manager"
	srcSCConfig     = "https://learn.microsoft.com/en-us/windows-server/administration/windows-commands/sc-config"
	srcPortProxy    = "https://learn.microsoft.com/en-us/windows-server/networking/technologies/netsh/netsh-interface-portproxy"
	srcTWRecycle    = "https://github.com/torvalds/linux/commit/4396e46187ca5070219b81773c4e65088dac50cc"
	srcIPSysctl     = "https://docs.kernel.org/networking/ip-sysctl.html"
)

// findHTTP shows who stands behind the kernel's listener.
const findHTTP = "$ netsh http show servicestate view=requestq"

var facts = [...]Fact{
	// Services of Windows.
	{StopService, Sound, Admin, Restartable, []string{"net start {service}"}, []string{"port", "share"}, nil},
	{StopHTTP, Breaks, Admin, Restartable, []string{"net start http"}, []string{findHTTP, "stop", "share", "port"}, []string{"lux-ai-factory/aisc#67", "https://devblogs.microsoft.com/oldnewthing/20180703-00/?p=99145"}},
	{StopWinNAT, Risky, Admin, Restartable, []string{"net start winnat"}, []string{"port", "exclude:{port}"}, []string{"docker/for-win#3171", "microsoft/WSL#9418", "ptrumpis/snap-camera-server#147"}},
	{StopHNS, Risky, Admin, Restartable, []string{"net start hns"}, []string{"port", "exclude:{port}"}, []string{"Genymobile/scrcpy#4824"}},
	{StopIPHelper, Risky, Admin, Restartable, []string{"net start iphlpsvc"}, []string{"$ netsh interface portproxy show all"}, []string{"rancher-sandbox/rancher-desktop#3389", "microsoft/WSL#7377"}},
	{StartService, Sound, Admin, Restartable, []string{"net stop {service}"}, nil, nil},
	{RestartService, Sound, Admin, Restartable, nil, nil, nil},
	{StartType, Sound, Admin, Reversible, []string{"sc.exe config {service} start= {oldvalue}"}, nil, []string{srcSCConfig}},
	{HTTPStartType, Breaks, Admin, Reversible, []string{"sc.exe config http start= {oldvalue}"}, []string{findHTTP, "stop", "share", "port"}, []string{srcSCConfig, "lux-ai-factory/aisc#67"}},
	{DeleteService, Breaks, Admin, Final, nil, []string{"stop:{service}", "startup:{service}"}, nil},
	{ServiceRights, Risky, Admin, Reversible, []string{"sc sdset {service} OLD-TEXT"}, []string{"$ sc sdshow {service}"}, nil},
	{IISStop, Risky, Admin, Restartable, []string{"iisreset /start"}, []string{"move:iis", "share"}, nil},
	{IISStart, Sound, Admin, Restartable, nil, nil, nil},
	{SiteStop, Risky, Admin, Restartable, []string{"appcmd start site \"{site}\""}, []string{"move:iis"}, []string{"win-acme/win-acme#1083"}},
	{SiteBinding, Sound, Admin, Reversible, nil, nil, []string{"win-acme/win-acme#1083"}},

	// The registry.
	{RegistryListenList, Risky, Admin, Reversible, nil, []string{"iplisten", "move"}, []string{srcListenList}},
	{RegistryUrlAcl, Breaks, Admin, Final, nil, []string{"$ netsh http show urlacl"}, []string{srcReservations, srcSSRS}},
	{RegistryHTTPTuning, NoPort, Admin, Reversible, nil, []string{findHTTP, "port", "share"}, []string{srcRegistry}},
	{RegistryHTTPWipe, Breaks, Admin, Final, nil, []string{findHTTP}, []string{srcRegistry}},
	{RegistryCertificate, Breaks, Admin, Final, nil, []string{"$ netsh http show sslcert"}, nil},
	{RegistryTCP, NoPort, Admin, Reversible, nil, []string{"port"}, nil},
	{RegistryPortProxy, Risky, Admin, Reversible, nil, []string{"$ netsh interface portproxy show all"}, []string{srcPortProxy}},
	{RegistryRanges, Risky, Admin, Reversible, []string{`reg delete HKLM\SYSTEM\CurrentControlSet\Services\hns\State /v EnableExcludedPortRange /f`}, []string{"exclude:{port}", "port"}, []string{"docker/for-win#3171"}},
	{RegistryOther, Unknown, Admin, Reversible, nil, nil, nil},
	{RegistryImport, Unknown, Admin, Final, nil, nil, nil},

	// HTTP.sys.
	{ListenListAdd, Risky, Admin, Reversible, []string{"netsh http delete iplisten ipaddress={address}"}, []string{"address", "share"}, []string{srcListenList, "webprofusion/certify#256"}},
	{ListenListDelete, Risky, Admin, Reversible, []string{"netsh http add iplisten ipaddress={address}"}, nil, []string{srcListenList, "webprofusion/certify#256"}},
	{ReservationAdd, NoPort, Admin, Reversible, []string{"netsh http delete urlacl url={url}"}, nil, []string{srcReservations, "praeclarum/Ooui#152", "etishor/Metrics.NET#38"}},
	{ReservationDelete, NoPort, Admin, Reversible, []string{"netsh http add urlacl url={url} sddl=\"{sddl}\""}, []string{findHTTP}, []string{srcReservations, srcSSRS}},
	{CertificateAdd, NoPort, Admin, Reversible, []string{"netsh http delete sslcert {kind}={key}"}, nil, []string{srcNetshHTTP}},
	{CertificateDelete, Breaks, Admin, Reversible, []string{"netsh http add sslcert {kind}={key} certhash={hash} appid={appid}"}, []string{findHTTP}, []string{srcNetshHTTP}},
	{CacheDelete, NoPort, Admin, Nothing, nil, []string{findHTTP}, []string{srcNetshHTTP}},
	{HTTPTuning, NoPort, Admin, Reversible, nil, []string{findHTTP}, []string{srcNetshHTTP}},
	{HTTPCfg, NotHere, Admin, Reversible, nil, nil, []string{srcNetshHTTP}},

	// Ranges, portproxy and the rest of netsh.
	{ExcludeAdd, Sound, Admin, Reversible, []string{"netsh interface {family} delete excludedportrange protocol={proto} startport={from} numberofports={count}"}, nil, []string{"docker/for-win#3171", "https://developerload.com/what-is-administered-port-exclusions-in-windows-10"}},
	{ExcludeDelete, Risky, Admin, Reversible, []string{"netsh interface {family} add excludedportrange protocol={proto} startport={from} numberofports={count}"}, []string{"port"}, []string{"docker/for-win#3171"}},
	{DynamicPort, Sound, Admin, Reversible, []string{"netsh interface {family} set dynamicport {proto} start={oldstart} num={oldcount}"}, nil, []string{"docker/for-win#3171", "dorssel/usbipd-win#53", "dotnet/core#2411"}},
	{PortProxyAdd, Risky, Admin, Reversible, []string{"netsh interface portproxy delete {kind} listenport={port} listenaddress={address}"}, nil, []string{srcPortProxy, "ddev/ddev#3487"}},
	{PortProxyDelete, Sound, Admin, Reversible, []string{"netsh interface portproxy add {kind} listenport={port} listenaddress={address} connectaddress={toaddress} connectport={toport}"}, nil, []string{srcPortProxy, "10up/wp-local-docker-v2#163"}},
	{PortProxyReset, Breaks, Admin, Reversible, nil, []string{"$ netsh interface portproxy show all"}, []string{srcPortProxy}},
	{WinsockReset, NoPort, Admin, Final, nil, []string{"$ netstat -ano"}, nil},
	{IPReset, NoPort, Admin, Final, nil, []string{"$ netstat -ano"}, nil},
	{FirewallOff, NoPort, Admin, Reversible, nil, []string{"$ netstat -ano"}, []string{"docker/docs#9689"}},
	{FirewallRule, NoPort, Admin, Reversible, nil, nil, nil},
	{BranchCacheOff, Sound, Admin, Reversible, []string{"netsh branchcache set service mode=OLD-MODE"}, []string{"$ netsh branchcache show status"}, []string{"https://devblogs.microsoft.com/oldnewthing/20180703-00/?p=99145"}},
	{FlushDNS, NoPort, Nobody, Nothing, nil, []string{"$ netstat -ano"}, nil},

	// What ends processes.
	{KillKernel, WrongTool, Admin, Nothing, nil, []string{findHTTP, "stop", "share", "port"}, []string{"https://devblogs.microsoft.com/oldnewthing/20180703-00/?p=99145"}},
	{KillInit, WrongTool, Root, Nothing, nil, []string{"stop", "port"}, nil},
	{KillPID, Risky, Owner, Final, nil, []string{"stop", "port"}, nil},
	{KillName, Risky, Owner, Final, nil, []string{"stop", "port"}, []string{"freenet/freenet-core#3177"}},
	{KillPattern, Risky, Owner, Final, nil, []string{"stop", "port"}, []string{"freenet/freenet-core#3177"}},
	{KillPort, Risky, Owner, Final, nil, []string{"stop", "port"}, []string{"tenstorrent/tt-studio#1336", "tiaanduplessis/kill-port#67", "vladgh/VladGh.com-LEMP#45"}},

	// Parts of a system.
	{FeatureOff, Breaks, Admin, Reversible, []string{"dism /online /enable-feature /featurename:{feature}"}, []string{"stop", "startup", "move"}, nil},
	{FeatureOn, Sound, Admin, Reversible, []string{"dism /online /disable-feature /featurename:{feature}"}, nil, nil},
	{HypervisorOff, Breaks, Admin, Reversible, []string{"bcdedit /set hypervisorlaunchtype auto"}, []string{"exclude:{port}", "port"}, nil},
	{WSLShutdown, Risky, Nobody, Restartable, nil, []string{"stop"}, []string{"microsoft/WSL#10601"}},
	{RebootNow, Risky, Admin, Final, nil, []string{"stop"}, nil},
	{Uninstall, Risky, Root, Final, nil, []string{"stop", "startup", "port"}, nil},

	// Units of Linux and jobs of macOS.
	{UnitStop, Sound, Root, Restartable, []string{"systemctl start {unit}"}, nil, nil},
	{UnitDisable, NoPort, Root, Reversible, []string{"systemctl enable {unit}"}, []string{"stop:{unit}"}, nil},
	{UnitMask, Risky, Root, Reversible, []string{"systemctl unmask {unit}"}, []string{"stop:{unit}", "startup:{unit}"}, nil},
	{UnitStart, Sound, Root, Restartable, []string{"systemctl stop {unit}"}, nil, nil},
	{UnitRestart, Sound, Root, Restartable, nil, nil, nil},
	{UnitEnable, Sound, Root, Reversible, []string{"systemctl disable {unit}"}, nil, nil},
	{StopResolved, Breaks, Root, Restartable, []string{"systemctl unmask systemd-resolved", "systemctl enable --now systemd-resolved"}, []string{"address", "move:systemd-resolved"}, []string{"4km3/docker-dnsmasq#21", "jerob/docker-ispconfig#23", "sameersbn/docker-bind#65"}},
	{StopRemote, Breaks, Root, Restartable, []string{"systemctl start {unit}"}, []string{"move", "port"}, nil},
	{StopNetwork, Breaks, Root, Restartable, []string{"systemctl start {unit}"}, []string{"port"}, nil},
	{RestartEngine, Risky, Root, Restartable, nil, []string{"stop"}, []string{"docker/for-mac#5649", "rancher-sandbox/rancher-desktop#3358"}},
	{ResolvConf, Risky, Root, Reversible, []string{"ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf"}, nil, []string{"aiastia/note#48"}},
	{ServerStop, Sound, Owner, Restartable, nil, nil, nil},
	{JobUnload, Sound, Root, Reversible, []string{"launchctl load {job}"}, nil, nil},
	{JobLoad, Sound, Root, Reversible, nil, nil, nil},
	{BrewStop, Sound, Owner, Restartable, []string{"brew services start {formula}"}, nil, nil},
	{AppStop, Sound, Owner, Restartable, nil, nil, nil},

	// Rights and settings of Linux.
	{SetCap, Risky, Root, Reversible, []string{"setcap -r {file}"}, []string{"$ systemctl edit UNIT, with AmbientCapabilities=CAP_NET_BIND_SERVICE"}, []string{"AdguardTeam/AdGuardHome#1193", "Ylianst/MeshCentral#397", "caddyserver/caddy#822"}},
	{UnprivStart, Risky, Root, Reversible, []string{"sysctl -w net.ipv4.ip_unprivileged_port_start={oldvalue}"}, []string{"$ systemctl edit UNIT, with AmbientCapabilities=CAP_NET_BIND_SERVICE"}, []string{srcIPSysctl, "gutmensch/docker-dmarc-report#66"}},
	{TWRecycle, NotHere, Root, Reversible, []string{"sysctl -w net.ipv4.tcp_tw_recycle=0"}, []string{"wait"}, []string{srcTWRecycle, "dermesser/libsocket#61"}},
	{TWReuse, NoPort, Root, Reversible, []string{"sysctl -w net.ipv4.tcp_tw_reuse={oldvalue}"}, []string{"wait"}, []string{srcIPSysctl}},
	{FinTimeout, NoPort, Root, Reversible, []string{"sysctl -w net.ipv4.tcp_fin_timeout={oldvalue}"}, []string{"wait"}, []string{srcIPSysctl}},
	{NonlocalBind, Risky, Root, Reversible, []string{"sysctl -w {setting}=0"}, []string{"address"}, []string{srcIPSysctl, "systemd/systemd#18086"}},
	{PortRange, Sound, Root, Reversible, []string{"sysctl -w net.ipv4.ip_local_port_range=\"{oldvalue}\""}, []string{"exclude:{port}"}, []string{srcIPSysctl}},
	{ReservedPorts, Sound, Root, Reversible, []string{"sysctl -w net.ipv4.ip_local_reserved_ports={oldvalue}"}, nil, []string{srcIPSysctl}},
	{Sysctl, Unknown, Root, Reversible, nil, nil, nil},
	{FilterFlush, NoPort, Root, Final, nil, []string{"$ iptables-save"}, []string{"moby/moby#16816", "testcontainers/testcontainers-java#2071"}},
	{FilterRule, NoPort, Root, Reversible, nil, nil, nil},
	{FilterRedirect, Sound, Root, Reversible, nil, nil, nil},
	{SELinuxOff, NoPort, Root, Reboot, []string{"setenforce 1"}, []string{"$ semanage port -m -t http_port_t -p tcp PORT"}, []string{"Icinga/icinga2#5786"}},
	{PortTypeAdd, Sound, Root, Reversible, []string{"semanage port -d -p {proto} {port}"}, nil, []string{"project-faros/cluster-manager#158"}},
	{PortTypeModify, Sound, Root, Reversible, []string{"semanage port -d -p {proto} {port}"}, nil, []string{"project-faros/cluster-manager#158"}},
	{ModeWide, WrongTool, Owner, Final, nil, []string{"$ systemctl edit UNIT, with AmbientCapabilities=CAP_NET_BIND_SERVICE"}, nil},
	{OwnerChange, NoPort, Root, Final, nil, nil, nil},
	{AuthBind, Sound, Nobody, Nothing, nil, nil, []string{"podman-container-tools/podman#13426", "acme-dns/acme-dns#62"}},
	{RemovePIDFile, NoPort, Owner, Final, nil, []string{"stop"}, nil},
	{RemoveTree, Breaks, Owner, Final, nil, nil, nil},

	// Containers.
	{ContainerRemove, Risky, Engine, Final, nil, []string{"$ docker stop {container}"}, []string{"cytopia/devilbox#102"}},
	{ContainerStop, Sound, Engine, Restartable, []string{"docker start {container}"}, nil, []string{"jkfran/killport#6"}},
	{EnginePrune, NoPort, Engine, Final, nil, []string{"$ docker ps"}, []string{"docker/for-win#2722"}},
	{ComposeDown, Risky, Engine, Restartable, []string{"docker compose up -d"}, []string{"$ docker compose stop SERVICE"}, nil},
	{VolumePrune, Breaks, Engine, Final, nil, []string{"$ docker ps"}, nil},

	{LookOnly, Look, Nobody, Nothing, nil, nil, nil},
	{NotJudged, Unknown, Nobody, Final, nil, nil, nil},
}
