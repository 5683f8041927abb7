// Package schematest has the tests of the Terraform module beside it. They need
// neither network nor Terraform: every resource, block and argument is checked
// against the provider's schema (module_test.go), what stands together against
// what the provider's documentation excludes (rules_test.go), and what the
// module refuses by evaluating its own conditions (evaluator_test.go). It is a
// module of its own, so that HCL's parser does not reach users of the command.
package schematest
