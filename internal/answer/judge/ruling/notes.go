package ruling

// NoteID names a thing to know about a command. Every one has a sentence.
type NoteID string

// Notes on services.
const (
	DependentsRun    NoteID = "dependents-run"    // About: they run and go down with it
	DependentsUsual  NoteID = "dependents-usual"  // the machine does not tell; usual are Args["services"]
	DependentsNone   NoteID = "dependents-none"   // nothing that depends on it runs
	DependentsOff    NoteID = "dependents-off"    // About: they can no longer start
	DependentsMore   NoteID = "dependents-more"   // not all services of the machine are known
	AsksFirst        NoteID = "asks-first"        // without /y or -Force it asks, or refuses
	HangsInStop      NoteID = "hangs-in-stop"     // HTTP often stays in "stopping" until a reboot
	URLsGo           NoteID = "urls-go"           // About: registrations that vanish
	NotRunning       NoteID = "not-running"       // it does not run
	NoSuchService    NoteID = "no-such-service"   // there is none of that name
	AlreadySo        NoteID = "already-so"        // it is as the command would have it
	IsDisabled       NoteID = "is-disabled"       // it cannot start: it is disabled
	StartWord        NoteID = "start-word"        // what a start value means
	NextBoot         NoteID = "next-boot"         // takes effect with the next boot
	UntilStopped     NoteID = "until-stopped"     // what runs goes on until it is stopped
	ComesBackAtBoot  NoteID = "comes-back"        // it starts again at boot
	PutsRight        NoteID = "puts-right"        // the damage of an earlier cure is put right
	NotTheDefault    NoteID = "not-the-default"   // works, and is not how Windows sets it
	BadStartValue    NoteID = "bad-start-value"   // no start type has this number
	BootDriver       NoteID = "boot-driver"       // loaded before what it needs
	Purpose          NoteID = "purpose"           // what the thing is for
	CostHere         NoteID = "cost"              // what stops working, in the catalog's words
	BlamedWrongly    NoteID = "blamed"            // often blamed, does not listen
	NoBlank          NoteID = "no-blank"          // sc wants a blank behind the equals sign
	PowerShellAlias  NoteID = "powershell-alias"  // sc is Set-Content there
	ConfigurationOut NoteID = "configuration-out" // its configuration goes with it
)

// Notes on the port that somebody wants.
const (
	FreesPort     NoteID = "frees"          // About: it is what holds the port
	NotTheHolder  NoteID = "not-the-holder" // About: these hold it
	NobodyHolds   NoteID = "nobody-holds"
	HolderUnknown NoteID = "holder-unknown" // the kernel has it, for a program still to be named
	ListenerWins  NoteID = "listener-stays" // the command touches no listener at all
)

// Notes on HTTP.sys.
const (
	ListUnknown        NoteID = "list-unknown"
	ListChange         NoteID = "list-change" // Args before, after
	ListEverywhere     NoteID = "list-everywhere"
	Unreachable        NoteID = "unreachable" // Args what
	NotLocal           NoteID = "not-local"
	NoAddress          NoteID = "no-address"   // what is given is no address
	NotOnList          NoteID = "not-on-list"  // Args address, before
	URLsReached        NoteID = "urls-reached" // About: registrations whose callers the list decides
	OthersLose         NoteID = "others-lose"  // About: sockets that then stand in each other's way
	MachineWide        NoteID = "machine-wide"
	DriverRestart      NoteID = "driver-restart"
	BindsNothing       NoteID = "binds-nothing" // a reservation holds no port
	ReservationThere   NoteID = "reservation-there"
	ReservationGone    NoteID = "reservation-gone" // there is none of this URL
	ReservationOf      NoteID = "reservation-of"   // About; Args who
	FeatureOfIt        NoteID = "reservation-feature"
	ReservationsWiped  NoteID = "reservations-wiped" // Args count, features
	NameTranslated     NoteID = "name-translated"
	EverybodyMay       NoteID = "everybody-may"
	Shadows            NoteID = "shadows" // About: registrations that would answer 503
	BadPrefix          NoteID = "bad-prefix"
	CertificateThere   NoteID = "certificate-there"
	CertificateMissing NoteID = "certificate-missing"
	OldWindows         NoteID = "old-windows" // netsh http is not there yet
	NewWindows         NoteID = "new-windows" // httpcfg is not there any more
	FileNotHere        NoteID = "file-not-here"
	OldControlSet      NoteID = "control-set"
)

// Notes on ranges, redirects and the rest of the network.
const (
	RangeCovers    NoteID = "range-covers" // Args from, to: Windows' own range that covers it
	RangeNone      NoteID = "range-none"   // no excluded range covers the port
	RangeUnstarred NoteID = "range-unstarred"
	RangeMissing   NoteID = "range-missing"
	RangeInUse     NoteID = "range-in-use" // About
	KeepsForBinds  NoteID = "keeps-for-binds"
	DynamicLow     NoteID = "dynamic-low"
	DynamicDefault NoteID = "dynamic-default"
	NatStops       NoteID = "nat-stops"
	NatComesBack   NoteID = "nat-comes-back"
	ProxyTakes     NoteID = "proxy-takes"
	ProxyEntries   NoteID = "proxy-entries" // About
	ProxyMissing   NoteID = "proxy-missing"
	OpensMachine   NoteID = "opens-machine"
	LosesSettings  NoteID = "loses-settings"
	DockerRules    NoteID = "docker-rules" // About
	NotPersistent  NoteID = "not-persistent"
	BypassesServer NoteID = "bypasses-server"
)

// Notes on processes.
const (
	ProcessIs     NoteID = "process-is"  // About
	NoSuchPID     NoteID = "no-such-pid" // nothing here has that number
	ForeignPID    NoteID = "foreign-pid" // the number is of the machine that the text was written on
	ManyProcesses NoteID = "many"        // Args name, count
	NoSuchName    NoteID = "no-such-name"
	SharedProcess NoteID = "shared-process" // About: services in one process
	Restarts      NoteID = "restarts"       // About: what starts it again
	ClientsToo    NoteID = "clients-too"
	ForwarderOnly NoteID = "forwarder" // About
	KernelHasIt   NoteID = "kernel-has-it"
	NoGoodbye     NoteID = "no-goodbye" // it is given no chance to clean up
	MatchesMore   NoteID = "matches-more"
	SystemProcess NoteID = "system-process"
)

// Notes on units, containers, rights and settings.
const (
	SocketStarts     NoteID = "socket-starts" // Args sockets
	StillEnabled     NoteID = "still-enabled"
	StillRunning     NoteID = "still-running"
	ResolverGone     NoteID = "resolver-gone"
	ContainersStop   NoteID = "containers-stop" // About
	DataGoes         NoteID = "data-goes"
	StoppedOnly      NoteID = "stopped-only"
	NoSuchContainer  NoteID = "no-such-container"
	WholeProject     NoteID = "whole-project"
	GoneSince        NoteID = "gone-since" // Args kernel, since
	StillThere       NoteID = "still-there"
	ForEveryProgram  NoteID = "every-program"
	ForEveryUser     NoteID = "every-user"
	LostByUpgrade    NoteID = "lost-by-upgrade"
	OutgoingOnly     NoteID = "outgoing-only"
	OtherState       NoteID = "other-state"
	SELinuxIs        NoteID = "selinux-is"
	PortTypeHas      NoteID = "port-type-has"
	NotForGo         NoteID = "not-for-go"
	StaleFile        NoteID = "stale-file"
	WSLGuests        NoteID = "wsl-guests"
	NeedsReboot      NoteID = "needs-reboot"
	SiteKeepsBinding NoteID = "site-keeps-binding"
	SystemJob        NoteID = "system-job"
	OtherSystem      NoteID = "other-system"
	Untried          NoteID = "untried"
)
