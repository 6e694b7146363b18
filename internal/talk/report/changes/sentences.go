package changes

import "strings"

// sentenceOf is the sentence of a reason, or of its variant ID/VARIANT; "" for none.
func sentenceOf(id string) string {
	_, text, _ := strings.Cut(sentences, "\n"+id+": ")
	text, _, _ = strings.Cut(text, "\n")
	return text
}

// sentences has a line for each: ID, a colon, the sentence. {words} are arguments;
// what stands in brackets is left out where an argument in it is missing.
const sentences = `
advice-only/range: it is a setting of the whole machine, and is yours to make
advice-only: berth installs and removes no part of the system; that is for you to do
ask-for-kernel: stopping {service} takes all that need it: ask for it by name (kernel:HTTP)
asks-for-other: the configuration of {unit} asks for no port {port}, but for {ports}: change that first
behind-unknown: the kernel has the port for a program, and which one is not known
by-hand: {unit} belongs to {manager}, which berth does not drive
clients-follow: whoever uses {who} on port {from} has to use {to} then: links, bookmarks, proxies, firewall rules
config-unread: the configuration could not be read or edited[: {error}]
container-ports-fixed/compose: what {container} publishes was fixed when it was made: change "{old}" to "{new}" in {files}[ of {folder}], then make it anew
container-ports-fixed/host: the program in {container} listens on the host's network: its own settings have the port
container-ports-fixed/pod: {container} is in a pod, and the port is the pod's
container-ports-fixed/run: what {container} publishes was fixed when it was made: make it anew with the other port[; with what else it was made, berth does not know: {incomplete} shows it]
container-ports-fixed: what {container} publishes is fixed when it is made, and its engine does not say what that is
container-vanishes: {container} was run with --rm: it is removed when it stops, with all that was written in it, and cannot be started again
container-returns: {container} starts again when its engine does (restart policy always)
container-stays-down: keep {container} from coming back when its engine starts
cut-off-stays: this may cut off {what}, and berth cannot bring it back
delete-proxy: delete the one entry of the port proxy; it leads to {to}
dependents-unknown: what needs {service} is not known, so nobody can say what would go down with it
disable-unit: keep {unit} from starting at boot
edit-config: change {file}: {from} becomes {to}
end-process: end {name} (PID {pid}): it is asked, and given time
end-reloader: end {name} (PID {pid}) first: it would start the holder again
exclude-port: keep port {port} for yourself (an administered exclusion; it lasts over every boot)
heir-ends: {name} (PID {pid}) was handed the socket and keeps the port as long as it runs: it ends too
http-back: let the HTTP driver start on demand again, as Windows sets it up
http-off-breaks: from the next boot on these do not start any more: {services}
http-off: switch the HTTP driver off, from the next boot on
http-starts-again: HTTP starts again with the next program that registers a URL; this frees the port for the moment
http-stop-hangs/printing: on Windows 11 the stop often hangs until the machine is started again, and nobody can print that long
http-stop-hangs: on Windows 11 the stop often hangs until the machine is started again
identity-unknown: only a name or number of {name} is known, which may be another's by now
install-enable: start {name}, now and at every boot
install-file: write {name}, of which the service is made
install-service: make the service {name}, which starts at every boot
install-start: start {name}
install-stop: when it is taken back: stop {name}, and keep it from starting at boot
kept-by/kubernetes: {container} is of the pod {keeper}: the cluster starts another in its place, and has to be told
kept-by/swarm: {container} is of the swarm service {keeper}, which starts another in its place: the service is to be told
kept-by/systemd: {container} is started again by systemd's {keeper}: stop that
kept-by: {container} is started again by somebody else
kernel-dependents: these stop with it: {services}
kill-process: end {name} (PID {pid}); killed if it does not end when asked
list-empty-is-all: an empty list means every address
list-is-set: somebody has set the listen list already ({list}); berth does not widen or narrow what somebody chose
list-starves: from then on whatever stands behind HTTP.sys is reached on {list} only, by everybody and on every port; URLs registered now: {urls}
list-unknown: which addresses HTTP.sys listens on now is not known; netsh http show iplisten tells it
loser-fails-at-boot: {unit} finds the port taken at the next boot, and fails
mediator-not-there: sharing needs berth's mediator, which is not there yet
move-socket: let {unit} listen on port {to}, by a drop-in
narrow-list: let HTTP.sys listen on {list} only
nat-rule: berth changes no NAT rule; nft list ruleset, or iptables-save, shows it to root, and whoever made it can change it
need-config/saved: a saved machine holds no files of configuration: where it runs, berth reads and edits that of {server} itself
need-config: the configuration of {server} was not read
never-signalled/ancestor: {name} (PID {pid}) is never ended by berth: you would end with it
never-signalled/init: {name} (PID {pid}) is never ended: everything ends with it
never-signalled/kernel: {name} (PID {pid}) is the kernel, and is never ended
never-signalled/self: {name} (PID {pid}) is berth itself
never-signalled: {name} (PID {pid}) is never ended by berth
no-address-left: every address of this machine is taken, or none is known
no-address: {text} is no address
no-place: nothing in the configuration of {server} takes port {port}
no-port-left: no port is left to hand out
no-unit: {target} is no unit or service that starts at boot
nobody-to-act-on: who would have to be acted on is not known
not-enabled: {unit} does not start by itself[ (it is {state})]
not-on-this-os: there is no such setting on {os}
not-the-holder: {name} (PID {pid}) does not have the port: it is left alone
not-this-time: the connection that has port {port} now keeps it until it ends
nothing-damaged: nothing of that is damaged
only-loopback: {who} is reached from this machine only then
order-network: start {unit} when the network is there, at every boot
order-needs-newcomer: name the unit or service that is to win: --for
order-needs-units: an order at boot is one of two units, or of two services
order-start-type: {service} does not start at boot[ (it is {start})]
order-units: start {first} before {then} at every boot
own-copy-holds: it is your own program that has the port already: another copy of it[, {name} (PID {pid})], or it asks twice
port-not-free/excluded: port {port} is no choice: Windows keeps it back
port-not-free/listening: port {port} is no choice: somebody listens there
port-not-free/promised: port {port} is no choice: it is promised to somebody
port-not-free/taken: port {port} is no choice: a rule, a container, a socket unit or a URL has it
port-not-free: port {port} is no choice
port-unwise/ephemeral: port {port} can be had, and is not a good one: outgoing connections may take it
port-unwise/reserved: port {port} can be had, and is not a good one: the kernel was told to keep it
port-unwise/unsafe: port {port} can be had, and is not a good one: browsers refuse it
port-unwise: port {port} can be had, and is not a good one
rank-a-network-keeps-its-ports: a network of WordPress sites works on 80 and 443 only
rank-a-part-of-the-system-goes: a part of the system is switched off or removed
rank-a-setting-of-the-machine: a setting of the whole machine
rank-all-that-need-it-stop: all that need a part of the kernel stop with it
rank-both-keep-it: both have the port
rank-everybody-behind-it-is-narrowed: everybody behind the kernel's listener is narrowed with it
rank-holder-goes-on-elsewhere: the holder goes on, on another port
rank-holder-keeps-one-address: the holder goes on, on one address only
rank-nothing-changes: nothing is changed
rank-nothing-is-saved: a killed program saves nothing
rank-one-of-two-loses: one of two servers fails at each boot
rank-one-program-ends: one program ends, and may save what it has
rank-one-site-stops: one site stops, and its server goes on
rank-one-thing-stops: one thing stops
rank-only-yours-changes: only your own program changes
rank-own-copy-ends: another copy of your own program ends
rank-start-at-boot-changes: what starts at boot changes
reload-config: have {unit} read its configuration again
reload-newcomer: have {unit} ask for the port again
reload-systemd: have systemd read its files again
remove-reservation: delete the reservation of {url}, whose account is gone
repair-list: take out of the listen list what is not here or leaves others out[; it is {list} then]
reservations-not-all: those whose rights are not known (media sharing, remote desktop over HTTP) are not put back: the features make them anew when they are set up
reserve-at-boot: and at every boot
reserve-port: keep port {port} from outgoing connections, now
restore-reservation: reserve {url} again, as Windows does
rule-by-hand: the rule was made by somebody: it is changed where it was made
server-unknown: berth does not know where {unit} keeps its port: look in its own settings
set-it-yourself: give your program[ {newcomer}] this in its own settings: {endpoint}
several-processes: {count} processes stand behind the URL, and which one has it is not known
several-services: several services share one process ({services}), and which one has the port is not known
split-by-hand: the families can be parted here only in the holder's own settings
split-list: leave IPv6 to HTTP.sys, and IPv4 to you
split-localhost: localhost may reach the one over IPv4 and the other over IPv6: give each a name in the hosts file
start-after-change: start {unit} again
start-again: when it is taken back: start {unit} again, behind its socket
start-delayed: start {service} some minutes after boot, behind the others
start-dependent: start {named}, which could not start without HTTP
start-manual: let {service} start only when it is asked for[ (it was: {was})]
start-newcomer: start {unit}
service-pending: {service} is {state} just now, and takes no order before that has ended; where it hangs, only the end of its process or a restart of Windows ends it
start-owner: start {name}, to whom the port is promised
start-winnat: start winnat again
started-by-hand: {name} (PID {pid}) was started by hand: its port is on its command line or in its own settings
stop-container: have {engine} stop the container {container}
stop-dependent: stop {named} first: it needs {needs}
stop-for-change: stop {unit} for a moment
stop-it-instead: {target} would be started again: stop it, do not kill it
stop-kernel: stop the driver HTTP itself
stop-newcomer: when it is taken back: stop {unit}
stop-service: stop the service {service}
stop-sharer: stop {container} first: it uses the network of {of}, and would not find it again
stop-site: stop the site {site}, and no other
stop-supervised: have {supervisor} stop {program}, and leave it down
stop-trigger: stop {unit} first: it would start {starts} again at the next connection
stop-triggered: stop {unit}, which may have been started in between
stop-unit: stop {unit}[; systemd, which would restart it ({restart}), is told to leave it down]
stop-winnat: stop winnat for a moment: it has set the range around the port aside
takes-no-stop: {service} takes no order to stop
target-not-here: {target} is not among what is known of this machine
test-config-first: have {server} check that its configuration is in order as it is now
test-config: have {server} check the new configuration before it reads it
unit-vanishes: {unit} was made for this run only (systemd-run): systemd forgets it when it stops, and nothing can start it again
unknown-kind: {kind} is no kind of remedy
wait-for-end: it goes away when the connection that has the port ends
wait-for-it: it goes away by itself, within {seconds} seconds as a rule
whose-manager: whose systemd {unit} belongs to is not known
winnat-stops: WSL and containers are offline while winnat is stopped, some seconds as a rule
wordpress-network: {root} holds a network of WordPress sites[ ({site})]: it refuses every port but 80 and 443, and breaks on {port}
wordpress-siteurl/config: {root} holds a WordPress that has its address in {config}: set WP_HOME and WP_SITEURL there[ from {site} to {becomes}]
wordpress-siteurl: {root} holds a WordPress that has its address in its own data: set its options home and siteurl to the address with port {port} before you move it (wp option update siteurl ...)
wordpress-unread: {root} holds a WordPress whose {config} could not be read ({error}): a network of sites breaks on another port
`
