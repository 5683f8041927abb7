// Package applytest applies the Terraform module beside it with Terraform or
// OpenTofu and the real provider, to a stand-in of Fastly's API that records
// every request and what is on the service after it. Its tests are skipped, and
// say so, where one of the two programs is not there: `make terraform` finds or
// builds them.
package applytest
