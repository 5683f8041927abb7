# terraform apply, from a folder with sites.json, after
#
#   clickedge build --sites sites.json -o pkg/clickedge.tar.gz
#   clickedge terraform sites.json -o clickedge.plan.json
#
# with FASTLY_API_KEY and TF_VAR_log_token in the environment.
terraform {
  required_version = ">= 1.7"

  required_providers {
    fastly = {
      source  = "fastly/fastly"
      version = "~> 9.4"
    }
  }
}

provider "fastly" {}

variable "log_token" {
  description = "The credential that the click log sends to the log collector."
  type        = string
  sensitive   = true
}

module "clickedge" {
  source = "../"

  sites   = "${path.root}/sites.json"
  plan    = "${path.root}/clickedge.plan.json"
  package = "${path.root}/pkg/clickedge.tar.gz"

  certificate_authority = "lets-encrypt"

  log = {
    https = {
      url         = "https://logs.example.com/clicks"
      header_name = "Authorization"
    }
  }
  log_secrets = {
    https_header_value = var.log_token
  }
}

# `terraform output -json dns | clickedge dns sites.json --terraform -` prints
# the records to set.
output "dns" {
  value = {
    acme_challenges       = module.clickedge.acme_challenges
    cname_targets         = module.clickedge.cname_targets
    certificate_authority = module.clickedge.certificate_authority
  }
}

output "secret_store_id" {
  value = module.clickedge.secret_store_id
}
