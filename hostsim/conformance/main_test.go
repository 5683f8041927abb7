package main

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// A suite that the SDK gains or loses does not go unnoticed.
func TestComplete(t *testing.T) {
	sdk := fstest.MapFS{}
	for _, s := range suites {
		sdk[s.name+"/main_test.go"] = &fstest.MapFile{}
	}
	for name := range leftOut {
		sdk[name+"/main.go"] = &fstest.MapFile{}
	}
	sdk["end_to_end_tests/serve.sh"] = &fstest.MapFile{}
	require.NoError(t, complete(sdk))
	sdk["integration_tests/gained/main_test.go"] = &fstest.MapFile{}
	delete(sdk, "integration_tests/acl/main_test.go")
	err := complete(sdk)
	require.ErrorContains(t, err, "integration_tests/gained: the SDK has it")
	require.ErrorContains(t, err, "integration_tests/acl: the SDK does not have it")
}
