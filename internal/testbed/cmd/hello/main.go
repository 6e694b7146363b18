// Command hello is the least that a Go program can do: what the start of one costs,
// for scripts/bench.
package main

import "fmt"

func main() { fmt.Println("hello, world") }
