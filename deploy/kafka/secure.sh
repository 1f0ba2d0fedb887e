# shellcheck shell=bash
# Passwords and TLS for a cluster in a directory: an authority that exists for it alone, a certificate for
# each broker and one for clients, and a user `geleit` with a password that nobody has chosen. Sourced by
# deploy/kafka/start. A client needs what lies in DIR/client:
#   scram.toml, plain.toml       for geleit --config: password by SCRAM-SHA-512, or as it is, over TLS
#   geleit.toml                  the one of the two that works with Debian's librdkafka
#   certificate.toml             the same with a certificate, for the port that asks for one (ssl.address)
#   client.properties            for Kafka's own tools: --command-config FILE
#   ca.pem                       the authority that has signed the brokers' certificates

secure_days=3650

# secure_certificate NAME SUBJECT EXTENSION: NAME.pem and NAME.key, signed by the authority.
secure_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days "$secure_days" \
    -CA "$dir/client/ca.pem" -CAkey "$dir/ca.key" -subj "/CN=$2" -addext "$3" \
    -addext basicConstraints=critical,CA:FALSE -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

secure_clients() {
  local password ca=$dir/client/ca.pem
  rm -rf -- "$dir/client"
  mkdir -p -- "$dir/client"
  chmod 700 -- "$dir/client"
  (
    umask 077
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days "$secure_days" \
      -subj "/CN=Kafka in ${dir##*/}" -keyout "$dir/ca.key" -out "$ca" 2>/dev/null
    secure_certificate "$dir/client/certificate" geleit extendedKeyUsage=clientAuth
    head -c 18 /dev/urandom | base64 | tr '+/' 'pS' >"$dir/client/geleit.password"
    password=$(<"$dir/client/geleit.password")
    # Each line is an argument, and stands in no list of processes.
    printf '%s\n' --add-scram "SCRAM-SHA-512=[name=geleit,password=$password]" >"$dir/client/format"
    cat >"$dir/client/client.properties" <<TEXT
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\
  username="geleit" password="$password";
ssl.truststore.type=PEM
ssl.truststore.location=$ca
TEXT
  )
  secure_config scram <<'TEXT'
security.protocol = "sasl_ssl"
ssl.ca.location = "ca.pem"
sasl.mechanism = "SCRAM-SHA-512"
sasl.username = "geleit"
sasl.password.file = "geleit.password"
TEXT
  secure_config plain <<'TEXT'
security.protocol = "sasl_ssl"
ssl.ca.location = "ca.pem"
sasl.mechanism = "PLAIN"
sasl.username = "geleit"
sasl.password.file = "geleit.password"
TEXT
  # Before 2.6.1 librdkafka sends a wrong nonce, which only brokers before 4.0 take.
  if [[ $version == 3.* ]]; then ln -s scram.toml "$dir/client/geleit.toml"; fi
  if [[ $version != 3.* ]]; then ln -s plain.toml "$dir/client/geleit.toml"; fi
  secure_config certificate <<'TEXT'
security.protocol = "ssl"
ssl.ca.location = "ca.pem"
ssl.certificate.location = "certificate.pem"
ssl.key.location = "certificate.key"
TEXT
  : >"$dir/client/ssl.address"
}

secure_config() {
  printf '[kafka]\n' >"$dir/client/$1.toml"
  cat >>"$dir/client/$1.toml"
}

# secure_broker N PORT PORT PORT: for certificates, for passwords, for the brokers among themselves.
secure_broker() {
  local me=$dir/$1 address=$dir/client/ssl.address
  secure_certificate "$me/broker" "broker $1" "subjectAltName=IP:127.0.0.1,DNS:localhost"
  (umask 077 && cat -- "$me/broker.key" "$me/broker.pem" >"$me/keystore.pem")
  rm -- "$me/broker.key" "$me/broker.pem"
  chmod 600 -- "$me/server.properties"
  cat >>"$me/server.properties" <<TEXT
listeners=SSL://127.0.0.1:$2,SASL_SSL://127.0.0.1:$3,CONTROLLER://127.0.0.1:$4
advertised.listeners=SSL://127.0.0.1:$2,SASL_SSL://127.0.0.1:$3
listener.security.protocol.map=SSL:SSL,SASL_SSL:SASL_SSL,CONTROLLER:SSL
inter.broker.listener.name=SSL
ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location=$me/keystore.pem
ssl.truststore.type=PEM
ssl.truststore.location=$dir/client/ca.pem
listener.name.sasl_ssl.sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\\
  org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.plain.sasl.jaas.config=\\
  org.apache.kafka.common.security.plain.PlainLoginModule required \\
  user_geleit="$(<"$dir/client/geleit.password")";
TEXT
  if [[ -s $address ]]; then printf ',' >>"$address"; else printf 'kafka://' >"$address"; fi
  printf '127.0.0.1:%s' "$2" >>"$address"
}

# The first 12 octets that broker N answers to standard input, on the port that asks for a certificate.
secure_broker_answer() {
  local ssl_port client=$dir/client
  ssl_port=$(sed -nE 's/^advertised\.listeners=SSL:[^:]*:([0-9]+),.*$/\1/p' -- "$dir/$1/server.properties")
  timeout 2 openssl s_client -quiet -connect "127.0.0.1:$ssl_port" -CAfile "$client/ca.pem" \
    -cert "$client/certificate.pem" -key "$client/certificate.key" | head -c 12
}
