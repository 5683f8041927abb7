output "service_id" {
  description = "Id of the service."
  value       = fastly_service_compute.this.id
}

output "active_version" {
  description = "The version that readers see."
  value       = fastly_service_compute.this.active_version
}

output "staged_version" {
  description = "The version that is staged, with stage = true."
  value       = fastly_service_compute.this.staged_version
}

output "config_store_id" {
  description = "Id of the config store: one site object under its host overrides sites.json without a publish."
  value       = fastly_configstore.sites.id
}

output "secret_store_id" {
  description = "Id of the secret store, for `clickedge keys push --store`."
  value       = fastly_secretstore.keys.id
}

output "link_store_id" {
  description = "Id of the KV store of learned links, for `clickedge learn` and `clickedge archive`. Null where no site learns."
  value       = one(fastly_kvstore.links[*].id)
}

output "learned_links" {
  description = "How many learned links the package has inside, so that the module knows them without the store. `clickedge build --archive` puts them there."
  value       = try(local.plan.learned_links, null)
}

output "acme_challenges" {
  description = "DNS records, by host, that prove control of the domain to the certificate authority. Keep them for renewals."
  value = {
    for host, subscription in fastly_tls_subscription.host : host => [
      for challenge in subscription.managed_dns_challenges : {
        name  = challenge.record_name
        type  = challenge.record_type
        value = challenge.record_value
      }
    ]
  }
}

output "cname_targets" {
  description = "The names that a host's CNAME may lead to."
  value = distinct(flatten([
    for configuration in data.fastly_tls_configuration.this : [
      for record in configuration.dns_records : record.record_value if record.record_type == "CNAME"
    ]
  ]))
}

output "certificate_authority" {
  description = "The certificate authority, for the CAA record."
  value       = var.certificate_authority
}

output "certificates" {
  description = "The state of each host's certificate."
  value       = { for host, subscription in fastly_tls_subscription.host : host => subscription.state }
}
