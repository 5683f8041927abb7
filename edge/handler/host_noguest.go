//go:build !wasip1

package handler

import "os"

func abiInit(uint64) uint32 { return 0 }

func environ() []string { return os.Environ() }
