# The documentation of fastly_domain_service_link excludes a fastly_domain for
# the same domain: each resource would take back what the other has set. The
# module makes the domains, so fastly_domain puts them on the service too.
resource "fastly_domain" "host" {
  for_each = var.versionless_domains ? local.hosts : toset([])

  fqdn        = each.value
  description = "Branded link domain of ${var.name}."
  service_id  = fastly_service_compute.this.id
}

# What earlier versions of this module had beside fastly_domain. To destroy such
# a link would take its domain off the service: the state forgets it, and
# nothing is sent.
removed {
  from = fastly_domain_service_link.host

  lifecycle {
    destroy = false
  }
}

# Where the domains were when they were made: the first value stays, whatever
# the variable becomes, and fastly_service_compute compares the two. Only a move
# in steps, which begins and ends with keep_versioned_domains, takes a new one.
resource "terraform_data" "domains" {
  input            = var.versionless_domains
  triggers_replace = var.keep_versioned_domains

  lifecycle {
    ignore_changes = [input]
  }
}

locals {
  hosts               = toset(keys(jsondecode(file(var.sites)).sites))
  domains_in_versions = !var.versionless_domains || var.keep_versioned_domains
}
