# The layout of earlier versions: what the provider's documentation excludes.
resource "fastly_domain" "host" {
  for_each = local.hosts

  fqdn        = each.value
  description = "Branded link domain of ${var.name}."
}

resource "fastly_domain_service_link" "host" {
  for_each = fastly_domain.host

  domain_id  = each.value.domain_id
  service_id = fastly_service_compute.this.id
}

resource "terraform_data" "domains" {
  input = true
}

locals {
  hosts               = toset(keys(jsondecode(file(var.sites)).sites))
  domains_in_versions = false
}
