// Package berth will hold the client library: a Go program that calls Listen or
// Register here will share a port with others through the mediator. It is empty
// until there is a mediator to speak to; the command is cmd/berth, and diag answers
// for programs whose Listen failed.
//
// The tests of this folder are the rules of the house: which package may import
// which, what every package promises in its comments, how large things may grow, and
// what may run before main.
package berth
