// Package schematest checks the Terraform module beside it against the provider's
// schema, without network and without Terraform: that every resource, block and
// argument exists, that none is missing, deprecated or of another type, that no
// Host override is set, and that no secret is in an output. It is a module of its
// own, so that HCL's parser does not reach users of the command.
package schematest
