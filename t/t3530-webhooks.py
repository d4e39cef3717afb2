#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t3530-webhooks.py - requests as mail providers send them, signed by openssl

    sns KEY VERSION TYPE ARN TIME FILE   an SNS message around the notice FILE
    mailgun KEY TIME TOKEN FILE          a Mailgun body around the event FILE
    sendgrid KEY TIME FILE               the signature of that body
    deep N                               JSON of N levels
    many N                               N bounces of SendGrid's
    hold PORT PATH OCTETS SECONDS        announce a body, then be silent
"""
import base64
import datetime
import json
import socket
import subprocess
import sys
import time


def openssl(args, data):
    return subprocess.run(["openssl"] + args, input=data, check=True,
                          stdout=subprocess.PIPE).stdout


def sns(key, version, kind, arn, when, path):
    at = datetime.datetime.fromtimestamp(int(when), datetime.timezone.utc)
    o = {"Type": kind, "MessageId": "5b1e6b0c-2c1c-5d6a-9f3c-000000000001",
         "TopicArn": arn, "Message": open(path, encoding="utf-8").read(),
         "Timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.042Z"),
         "SignatureVersion": version,
         "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/"
                           "SimpleNotificationService-0011.pem"}
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn",
             "Type"]
    if kind == "Notification":
        o["Subject"] = "Amazon SES Email Event Notification"
    else:
        o["Token"] = "2336412f37"
        o["SubscribeURL"] = ("https://sns.eu-west-1.amazonaws.com/?Action="
                             "ConfirmSubscription&TopicArn=%s&Token=%s" %
                             (arn, o["Token"]))
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token",
                 "TopicArn", "Type"]
    text = "".join("%s\n%s\n" % (n, o[n]) for n in names)
    digest = "-sha1" if version == "1" else "-sha256"
    o["Signature"] = base64.b64encode(openssl(
        ["dgst", digest, "-sign", key], text.encode())).decode()
    print(json.dumps(o))


def mailgun(key, when, token, path):
    mac = openssl(["dgst", "-sha256", "-hmac", key, "-r"],
                  (when + token).encode()).split()[0].decode()
    print(json.dumps({"signature": {"timestamp": when, "token": token,
                                    "signature": mac},
                      "event-data": json.load(open(path))}))


def sendgrid(key, when, path):
    body = when.encode() + open(path, "rb").read()
    print(base64.b64encode(openssl(["dgst", "-sha256", "-sign", key],
                                   body)).decode())


def deep(n):
    print("[" * int(n) + "]" * int(n))


def many(n):
    print(json.dumps([{"email": "m%d@many.example" % i, "event": "bounce",
                       "sg_event_id": "many-%d" % i, "type": "bounce",
                       "status": "5.1.1", "reason": "550 5.1.1 no such user"}
                      for i in range(int(n))]))


def hold(port, path, octets, seconds):
    with socket.create_connection(("127.0.0.1", int(port))) as s:
        s.sendall(("POST %s HTTP/1.1\r\nHost: u\r\nContent-Type: "
                   "application/json\r\nContent-Length: %s\r\n\r\n["
                   % (path, octets)).encode())
        print("held", flush=True)
        time.sleep(float(seconds))


globals()[sys.argv[1]](*sys.argv[2:])
