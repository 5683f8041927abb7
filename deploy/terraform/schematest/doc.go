// Package schematest has the tests of the Terraform module beside it. They need
// neither network nor Terraform: every resource, block and argument is checked
// against the provider's schema (module_test.go), combinations against what the
// provider's documentation excludes (rules_test.go), and refusals by evaluating
// the module's own conditions (evaluator_test.go). It is a separate Go module,
// so that users of the command do not depend on HCL's parser.
package schematest
