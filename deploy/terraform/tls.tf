# One certificate for each host: a new host must not make the others wait for
# its DNS.
resource "fastly_tls_subscription" "host" {
  for_each = var.tls ? local.hosts : toset([])

  domains               = [each.value]
  certificate_authority = var.certificate_authority
  configuration_id      = var.tls_configuration_id

  # Fastly refuses to delete a certificate that is in use. So a host that is
  # missing from sites.json by mistake stops the apply: its certificate would be
  # deleted first, and its domain stays.
  force_destroy = var.force_destroy || contains(var.retired_hosts, each.value)

  depends_on = [fastly_service_compute.this, fastly_domain.host]
}

resource "fastly_tls_subscription_validation" "host" {
  for_each = var.wait_for_tls ? fastly_tls_subscription.host : {}

  subscription_id = each.value.id
}

# The names that the CNAMEs lead to.
data "fastly_tls_configuration" "this" {
  count = var.tls ? 1 : 0

  id      = var.tls_configuration_id
  default = var.tls_configuration_id == null ? true : null
}
