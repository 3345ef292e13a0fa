# Names, topics, limits, permissions, indexes and the log filter are the code's: npm run generate-infra writes them.
locals {
  registry = jsondecode(file("${path.module}/registry.json"))

  functions  = local.registry.functions
  events     = { for name, it in local.functions : name => it if it.topic != null }
  identities = local.registry.identities

  publishing = [for name, it in local.identities : name if it.publishes]

  # Every project in which the functions do something; the keys of a map, so that each has an address of its own.
  projects = setunion([var.project], var.cluster_projects, var.network_projects)

  # Roles and monitoring allow no hyphen in names.
  role_prefix = replace(var.prefix, "-", "_")

  labels = { app = "multi-cluster-ingress", deployment = var.prefix == "" ? "default" : trimsuffix(var.prefix, "-") }
}

data "google_project" "this" {
  project_id = var.project
}

resource "google_project_service" "api" {
  for_each = toset([
    "artifactregistry.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudfunctions.googleapis.com",
    "cloudscheduler.googleapis.com",
    "compute.googleapis.com",
    "container.googleapis.com",
    "firestore.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "pubsub.googleapis.com",
    "run.googleapis.com",
    "storage.googleapis.com",
  ])

  project = var.project
  service = each.key

  # Others in the project may use them too.
  disable_on_destroy = false
}
