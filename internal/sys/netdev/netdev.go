// Package netdev names network interfaces of the calling thread's network
// namespace, without the reflection of the whole device tree that net.Interfaces
// does. Linux only.
package netdev
