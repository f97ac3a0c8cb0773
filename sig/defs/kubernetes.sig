protocol kubernetes
title    "Kubernetes API server and kubelet"
source   "https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.28/#status-v1-meta, API Priority and Fairness (headers)"
maybe-ports 6443 8001 8080 10250 10255 16443
over     http

rule status rank 80
    start "HTTP/1."
    contains "\"kind\":\"Status\"" | "\"kind\": \"Status\"" within 40..1500
    contains "\"apiVersion\":\"v1\"" | "\"apiVersion\": \"v1\"" within 40..1500

rule header rank 80
    start "HTTP/1."
    header "X-Kubernetes-Pf-Flowschema-Uid"

rule paths rank 78
    start "HTTP/1."
    contains "\"/api/v1\"" within 40..1500
    contains "\"/apis\"" within 40..1500

accept "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\n\r\n{\n  \"kind\": \"Status\",\n  \"apiVersion\": \"v1\",\n  \"status\": \"Failure\"\n}\n" \
    as status
accept "HTTP/1.1 200 OK\r\nX-Kubernetes-Pf-Flowschema-Uid: 1\r\n\r\n" as header
accept "HTTP/1.1 200 OK\r\n\r\n{\n  \"paths\": [\n    \"/.well-known/openid-configuration\",\n    \"/api\",\n    \"/api/v1\",\n    \"/apis\",\n    \"/apis/\"\n  ]\n}" \
    as paths
reject "HTTP/1.1 200 OK\r\n\r\n{\"kind\":\"Status\"}" is http
