// Package schematest checks the Terraform module beside it without network and
// without Terraform: every resource, block and argument against the provider's
// schema ([Check]), what stands together against what the provider's documentation
// excludes ([Exclusions]), and what the module refuses, by working out its own
// conditions ([Evaluator]). It is a module of its own, so that HCL's parser does
// not reach users of the command.
package schematest
