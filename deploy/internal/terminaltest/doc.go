// Package terminaltest gives tests a terminal to write to. It is for Linux only.
package terminaltest
