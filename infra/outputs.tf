output "dashboard" {
  description = "URL of the dashboard and the status API; `gcloud run services proxy` opens it for a member of dashboard_members."
  value       = google_cloudfunctions2_function.function["status"].service_config[0].uri
}

output "topics" {
  description = "Full names of the topics that people and programs publish to."
  value       = { for name in ["ingress-specs", "cluster-changes"] : name => google_pubsub_topic.topic[name].id }
}

output "identities" {
  description = "E-mail addresses of the functions' service accounts; those that talk to clusters go into infra/kubernetes."
  value       = { for name, account in google_service_account.function : name => account.email }
}

output "cluster_identities" {
  description = "The identities that clusters must let in (infra/kubernetes/rbac.yaml)."
  value       = { for name, it in local.identities : name => google_service_account.function[name].email if length(it.clusters) > 0 }
}

output "firestore_database" {
  description = "Full name of the database with the state."
  value       = google_firestore_database.state.id
}
