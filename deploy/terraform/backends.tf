# The backends come from `clickedge terraform`, which has the table of ESPs that
# the module is built with: a copy of the table here would become outdated.
locals {
  backends = local.plan.backends
}
