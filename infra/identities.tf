# One identity for each job; what each may do is in registry.json, derived from the calls that the code makes.
resource "google_service_account" "function" {
  for_each = local.identities

  project      = var.project
  account_id   = "${var.prefix}mci-${each.key}"
  display_name = "Multi-cluster ingress: ${each.key}"

  depends_on = [google_project_service.api]
}

# Shows the functions that a message comes from Pub/Sub; may do nothing else.
resource "google_service_account" "push" {
  project      = var.project
  account_id   = "${var.prefix}mci-push"
  display_name = "Multi-cluster ingress: identity of Pub/Sub's pushes"

  depends_on = [google_project_service.api]
}

# Builds the functions' containers from the archive.
resource "google_service_account" "build" {
  project      = var.project
  account_id   = "${var.prefix}mci-build"
  display_name = "Multi-cluster ingress: build of the functions"

  depends_on = [google_project_service.api]
}

resource "google_project_iam_member" "build" {
  for_each = toset(["roles/logging.logWriter", "roles/artifactregistry.writer", "roles/storage.objectViewer"])

  project = var.project
  role    = each.key
  member  = google_service_account.build.member
}

resource "google_project_iam_custom_role" "state" {
  for_each = local.identities

  project     = var.project
  role_id     = "${local.role_prefix}mciState_${each.key}"
  title       = "Multi-cluster ingress: state, ${each.key}"
  description = "Documents of Firestore, as the functions of ${each.key} use them."
  permissions = each.value.state
}

resource "google_project_iam_member" "state" {
  for_each = local.identities

  project = var.project
  role    = google_project_iam_custom_role.state[each.key].id
  member  = google_service_account.function[each.key].member

  condition {
    title      = "only the state of this deployment"
    expression = "resource.name == '${google_firestore_database.state.id}' || resource.name.startsWith('${google_firestore_database.state.id}/')"
  }
}

# What functions do to load balancers and clusters, in every project in which there are some.
module "grants" {
  source   = "./modules/grants"
  for_each = local.projects

  project     = each.key
  role_prefix = local.role_prefix
  identities = {
    for name, it in local.identities : name => {
      member      = google_service_account.function[name].member
      permissions = concat(it.compute, it.clusters)
    } if length(it.compute) + length(it.clusters) > 0
  }
  audit_filter      = local.registry.auditFilter
  audit_sink        = "${var.prefix}mci-audit"
  audit_topic       = google_pubsub_topic.topic["cluster-changes"].id
  ignored_principal = [for account in google_service_account.function : account.email]

  depends_on = [google_project_service.api]
}
