// Package dnsplan lists the DNS records that move a link domain to the CDN, in
// order, and what must be done elsewhere in between.
//
// Start with [Make] and print the [Plan] with [Plan.Text], [Plan.Zone] or as
// JSON. [ReadTerraform] reads what Terraform knows of the records.
//
// The order is what keeps links alive: first the changes at the ESP, then the
// record that proves the domain to the certificate authority, then, once the
// certificate is issued, the CNAME that moves readers. In a zone file that
// CNAME is a comment until the cut-over is asked for, so that importing the
// file too early moves no reader.
package dnsplan
