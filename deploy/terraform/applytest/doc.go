// Package applytest applies the Terraform module beside it with Terraform or
// OpenTofu and the real provider, to a stand-in for Fastly's API that records
// every request and the service's hosts after it. Its tests are skipped, with
// the reason, if one of the two programs is missing: `make terraform` finds or
// builds them.
package applytest
