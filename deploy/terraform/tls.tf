# Each host has a certificate of its own: a fiftieth host must not make the
# other forty-nine wait for its DNS.
resource "fastly_tls_subscription" "host" {
  for_each = var.tls ? local.hosts : toset([])

  domains               = [each.value]
  certificate_authority = var.certificate_authority
  configuration_id      = var.tls_configuration_id

  # Fastly refuses to delete a certificate that is in use. That holds back
  # whoever loses a host from sites.json by mistake: the certificate goes first,
  # and the domain stays.
  force_destroy = var.force_destroy || contains(var.retired_hosts, each.value)

  depends_on = [fastly_service_compute.this, fastly_domain.host]
}

resource "fastly_tls_subscription_validation" "host" {
  for_each = var.wait_for_tls ? fastly_tls_subscription.host : {}

  subscription_id = each.value.id
}

# Where the CNAMEs lead.
data "fastly_tls_configuration" "this" {
  count = var.tls ? 1 : 0

  id      = var.tls_configuration_id
  default = var.tls_configuration_id == null ? true : null
}
