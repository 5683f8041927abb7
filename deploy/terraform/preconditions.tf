# Rules that are checked before anything is sent, all at once. `holds` is the
# condition, `says` the message where it is false.
locals {
  rules = [
    {
      holds = try(local.plan.sites_sha256, "") == filesha256(var.sites)
      says  = "The plan was made of another sites.json: run clickedge terraform again."
    },
    {
      holds = try(local.plan.package_hash, "") == data.fastly_package_hash.module.hash
      says  = "The plan was made for another package: run clickedge build, then clickedge terraform."
    },
    {
      holds = can(local.plan.version_comment) && can(local.plan.learned_links)
      says  = "The plan was made by an earlier clickedge: run clickedge terraform again."
    },
    {
      holds = length(local.hosts) > 0
      says  = "sites.json has no site: every domain would leave the service. To take all of it down, run terraform destroy."
    },
    {
      holds = var.tls || !var.wait_for_tls
      says  = "wait_for_tls waits for the certificates that tls = true orders: with tls = false there is none to wait for."
    },
    {
      holds = var.tls || var.tls_configuration_id == null
      says  = "tls_configuration_id is for the certificates that tls = true orders: leave it out with tls = false."
    },
    {
      holds = var.versionless_domains || !var.keep_versioned_domains
      says  = "keep_versioned_domains goes with versionless_domains = true: it keeps the old domains while the new ones are made."
    },
  ]
  problems = [for rule in local.rules : rule.says if !rule.holds]
}
