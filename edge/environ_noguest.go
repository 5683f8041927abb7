//go:build !wasip1

package main

import "os"

func serviceVersion() string { return os.Getenv("FASTLY_SERVICE_VERSION") }
