package hostsim_test

// The guests in testdata folders, here and in edge/prewarm, are built with the
// SDK. `go mod tidy` does not look there, so this keeps its version in go.mod.
import _ "github.com/fastly/compute-sdk-go/fsthttp"
