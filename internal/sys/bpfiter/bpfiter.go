// Package bpfiter asks the Linux kernel for the descriptors of given sockets in
// all processes at once, through the task_file iterator of BPF.
//
// It is many times faster than walking /proc, sees the processes that /proc
// closes to its reader, and is refused more often: it needs CAP_BPF and
// CAP_PERFMON, Linux 5.8 with type information (BTF), a little-endian 64-bit
// machine, the first PID namespace, and no lockdown. Every refusal is an error
// and never a wrong answer; the caller then walks.
//
// The few instructions that are handed to the kernel are offered under the MIT
// licence or the GPL, version 2, besides this project's own, because the kernel
// admits the helper that writes their output to GPL-compatible programs only.
package bpfiter
