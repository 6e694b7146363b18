// Command holder is package holder's program alone, for places where the test
// binary cannot run.
package main

import "github.com/berthd/berth/internal/testbed/holder"

func main() { holder.Main() }
